import pytest
from fastapi import FastAPI
from playwright.async_api import Route, expect
from sqlalchemy import func, select, update

from chassis.core.errors import ServiceUnavailable
from tests.analytics.dashboard.conftest import Fail, Visit
from tests.user.logins import change, read
from user.audit import AuditKind
from user.models import AuditEntry, RefreshToken, User

pytestmark = pytest.mark.long

REFRESH = "**/session/refresh"


async def test_an_answer_that_was_lost_costs_no_session(apps: dict[str, FastAPI], visit: Visit, root: User) -> None:
    """A refresh whose answer was lost is repeated at once, within the grace period, and invisibly."""

    async def lose(route: Route) -> None:
        cookies = await screen.page.context.cookies()
        await route.fetch()
        await screen.page.context.add_cookies(cookies)  # type: ignore[arg-type]  # the previous cookies
        await route.abort()

    async with visit() as screen:
        await screen.page.clock.install()
        await screen.log_in()
        await screen.settle()
        await screen.page.route(REFRESH, lose, times=1)
        await screen.page.clock.fast_forward("14:30")

        async with screen.page.expect_event("requestfailed"):
            await screen.page.keyboard.press("1")
        async with screen.page.expect_response(REFRESH):
            await screen.page.clock.run_for(1_000)
        await screen.settle()

        await expect(screen.page.get_by_role("button", name="Try again")).to_have_count(0)
        screen.excuse()
    reused = select(AuditEntry.id).where(AuditEntry.kind == AuditKind.REFRESH_REUSED)
    assert await read(apps["user"].state.application.store, reused) == []


async def test_a_failure_after_the_refresh_is_shown_and_passes(
    apps: dict[str, FastAPI], visit: Visit, root: User, failing: Fail
) -> None:
    """The page that is loaded again a minute later, after the failure, continues the session."""
    async with visit() as screen:
        await screen.log_in()
        await screen.settle()
        await screen.page.clock.install()
        with failing("/profile", ServiceUnavailable()):
            await screen.page.reload()
            await screen.page.clock.run_for(10_000)
            await expect(screen.page.get_by_role("alert")).to_contain_text(ServiceUnavailable.message)
        spent = update(RefreshToken).where(RefreshToken.used_at.is_not(None))
        await change(
            apps["user"].state.application.store,
            spent.values(used_at=func.now() - func.make_interval(0, 0, 0, 0, 0, 1)),
        )

        await screen.page.reload()

        await expect(screen.page.locator("#person")).to_have_text("root")
        screen.excuse()


async def test_who_logs_out_is_out_though_the_user_service_is_down(visit: Visit, root: User, failing: Fail) -> None:
    """The login form is shown with the error, and a reload has no session."""
    async with visit() as screen:
        await screen.log_in()
        await screen.settle()
        with failing("/logout", ServiceUnavailable()):
            await screen.page.get_by_role("button", name="Log out").click()

            await expect(screen.page.get_by_role("alert")).to_contain_text("You are logged out here")
            await expect(screen.page.locator("#app")).to_be_hidden()
        screen.excuse()
        await screen.page.reload()
        await expect(screen.page.locator("#login")).to_be_visible()
        await expect(screen.page.get_by_role("alert")).to_be_empty()
