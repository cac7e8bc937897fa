import asyncio
from datetime import timedelta

import pytest
from fastapi import FastAPI
from playwright.async_api import expect
from sqlalchemy import func, select, update

from chassis.application import application_of
from tests.analytics.dashboard.conftest import Visit
from tests.analytics.dashboard.screen import PASSWORD
from tests.support.aliases import MakeUser
from tests.user.logins import change, read
from user.audit import AuditKind
from user.models import AuditEntry, User, UserSession
from user.services import refresh_session

pytestmark = pytest.mark.long

ENDED = "Your session has ended: log in again."


async def test_a_wrong_password_and_a_wrong_role_are_told(visit: Visit, root: User, make_user: MakeUser) -> None:
    """The form shows the error and stays with what was typed; for the role it shows the request that grants it."""
    ada = await make_user("ada")
    async with visit() as screen:
        await screen.log_in(password="wrong password")
        await expect(screen.page.get_by_role("alert")).to_have_text("Username or password is wrong.")
        await expect(screen.page.get_by_label("Password")).to_have_value("wrong password")

        await screen.log_in("ada")

        grant = f'PATCH /api/v1/users/{ada.id} with {{"role": "analyst"}}'
        await expect(screen.page.get_by_role("alert")).to_contain_text(grant)
        await expect(screen.page.get_by_label("Password")).to_have_value(PASSWORD)
        await expect(screen.page.locator("#app")).to_be_hidden()
        screen.excuse()


async def do_now(app: FastAPI, name: str) -> None:
    """Run a service's periodic work once."""
    (periodic,) = [one for one in application_of(app).periodic if one.name == name]
    await periodic.work()


async def test_who_is_logged_out_elsewhere_is_asked_to_log_in(
    apps: dict[str, FastAPI], visit: Visit, root: User
) -> None:
    """The next query finds the session ended; after a login everything is shown again."""
    async with visit() as screen:
        await screen.log_in()
        await screen.settle()
        await change(apps["user"].state.application.store, update(UserSession).values(revoked_at=func.now()))
        await do_now(apps["analytics"], "refresh_revocations")

        await screen.page.keyboard.press("1")

        await expect(screen.page.get_by_role("alert")).to_have_text(ENDED)
        screen.excuse()
        await screen.log_in()
        await screen.settle()


async def test_many_tabs_share_one_session(
    apps: dict[str, FastAPI], visit: Visit, root: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They take turns with the refresh token: no use counts as theft, even without a grace period."""
    monkeypatch.setattr(refresh_session, "GRACE", timedelta(0))
    async with visit() as screen:
        await screen.log_in()
        await screen.settle()
        tabs = [await screen.page.context.new_page() for _ in range(4)]

        await asyncio.gather(*(tab.goto("/dashboard") for tab in tabs))

        for tab in tabs:
            await expect(tab.locator("#person")).to_have_text("root")
    reused = select(AuditEntry.id).where(AuditEntry.kind == AuditKind.REFRESH_REUSED)
    assert await read(apps["user"].state.application.store, reused) == []


async def test_a_token_is_replaced_before_it_expires(visit: Visit, root: User) -> None:
    """Once, however many panels need one, and invisibly."""
    async with visit() as screen:
        await screen.page.clock.install()
        await screen.log_in()
        await screen.settle()
        refreshed: list[str] = []
        screen.page.on(
            "request", lambda request: refreshed.append(request.method) if "refresh" in request.url else None
        )

        await screen.page.clock.fast_forward("14:30")

        async with screen.page.expect_response("**/session/refresh"):
            await screen.page.keyboard.press("1")
        await screen.settle()
        assert refreshed == ["POST"]
