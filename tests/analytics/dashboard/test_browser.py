import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from axe_playwright_python.async_playwright import Axe
from fastapi import FastAPI
from playwright.async_api import expect
from sqlalchemy import func, select, update

from chassis.application import application_of
from chassis.core.errors import DatabaseUnavailable
from chassis.dispatch.dispatcher import Dispatcher
from chassis.mongodb.database import MongoDB, MotorDatabase
from tests.analytics.dashboard.conftest import Visit
from tests.analytics.dashboard.screen import PANELS, Screen
from tests.analytics.dashboard.seeds import seed
from tests.support.aliases import MakeUser
from tests.support.having import having
from tests.user.logins import change, read
from user.audit import AuditKind
from user.models import AuditEntry, User, UserSession
from user.services import refresh_session

ENDED = "Your session has ended: log in again."


@pytest.fixture
async def root(make_user: MakeUser) -> User:
    """An admin."""
    return await make_user("root", role="admin")


@pytest.fixture
async def seeded(apps: dict[str, FastAPI], database: MotorDatabase) -> None:
    """Events are stored."""
    await seed(database)


async def violations(screen: Screen) -> list[str]:
    """The problems that axe finds in the current page."""
    found = await Axe().run(screen.page)
    return [f"{one['id']}: {node['html']}" for one in found.response["violations"] for node in one["nodes"]]


async def test_a_wrong_password_and_a_wrong_role_are_told(visit: Visit, root: User, make_user: MakeUser) -> None:
    """The form shows the error and stays; no part of the dashboard is shown."""
    await make_user("ada")
    async with visit() as screen:
        await screen.log_in(password="wrong password")
        await expect(screen.page.get_by_role("alert")).to_have_text("Username or password is wrong.")

        await screen.log_in("ada")

        await expect(screen.page.get_by_role("alert")).to_have_text("This needs the role 'analyst' or 'admin'.")
        await expect(screen.page.locator("#app")).to_be_hidden()
        assert [complaint[:23] for complaint in screen.complaints] == ["Failed to load resource"] * 2
        screen.complaints.clear()


async def test_the_keyboard_is_enough(visit: Visit, root: User) -> None:
    """The keyboard is enough to log in, skip to the numbers, choose a range and log out."""
    async with visit() as screen:
        keys = screen.page.keyboard
        await expect(screen.page.get_by_label("Name or e-mail address")).to_be_focused()
        await keys.type("root")
        await keys.press("Tab")
        await keys.type("correct horse battery")
        await keys.press("Enter")
        await expect(screen.page.get_by_role("heading", name="Analytics")).to_be_focused()
        await screen.settle()

        await keys.press("Shift+Tab")
        await expect(screen.page.get_by_role("link", name="Skip to the numbers")).to_be_focused()
        await keys.press("Enter")
        await expect(screen.page.locator("#panels")).to_be_focused()
        await screen.page.get_by_role("radio", name="7 days").focus()
        await keys.press("ArrowRight")
        await expect(screen.page.get_by_role("radio", name="30 days")).to_be_checked()
        await keys.press("Tab")
        await expect(screen.page.get_by_role("button", name="Log out")).to_be_focused()
        await keys.press("Enter")

        await expect(screen.page.get_by_label("Name or e-mail address")).to_be_focused()


async def test_the_panels_show_what_the_events_add_up_to(visit: Visit, root: User, seeded: None) -> None:
    """The numbers match the events, in text as well as in charts."""
    async with visit() as screen:
        await screen.log_in()
        await screen.settle()
        for name in ("over-time", "revenue"):
            await screen.panel(name).get_by_text("Show as a table").click()
        shown = {name: await screen.text_of(name) for name in PANELS}

    assert shown["today"] == (
        "Today Events 5 +150% 2 yesterday by this time People 3 +50% 2 yesterday, whole days in UTC "
        "Orders 1 0 yesterday by this time Revenue €19.98 €0.00 yesterday by this time"
    )
    assert "In all page.viewed 5 order.confirmed 1 user.registered 1" in shown["over-time"]
    assert "EUR €19.98" in shown["revenue"]
    assert "Teapot 2 €19.98" in shown["products"]
    assert "page.viewed 3 user.registered 1 33% of all" in shown["funnel"]
    assert "order.confirmed 1 33% of all, 100% of the step before" in shown["funnel"]
    assert "100%" in shown["retention"]


@pytest.mark.long
async def test_where_there_is_nothing_that_is_said(visit: Visit, root: User) -> None:
    """Without events no panel is blank or broken."""
    async with visit() as screen:
        await screen.log_in()
        await screen.settle()

        shown = {name: await screen.text_of(name) for name in PANELS}

    assert "Events 0" in shown["today"]
    assert "No events in this period." in shown["over-time"]
    assert "No orders were confirmed in this period." in shown["revenue"]
    assert "No products were sold in this period." in shown["products"]
    assert "No one took the first step in this period." in shown["funnel"]
    assert "No one was active in the last weeks." in shown["retention"]


@pytest.mark.long
async def test_a_failure_is_told_and_can_be_tried_again(
    apps: dict[str, FastAPI], visit: Visit, root: User, seeded: None
) -> None:
    """While the database does not answer, each panel shows an error; a button reloads it afterwards."""

    class Gone(MongoDB):
        def __init__(self) -> None:
            pass

        @asynccontextmanager
        async def use(self) -> AsyncIterator[MotorDatabase]:
            raise DatabaseUnavailable
            yield

    async with visit() as screen:
        with having(apps["analytics"], store=Gone()):
            await screen.log_in()
            await screen.settle()
            again = screen.page.get_by_role("button", name="Try again")
            await expect(again).to_have_count(len(PANELS))
            assert "The database does not answer right now" in await screen.text_of("over-time")
        assert {complaint[:23] for complaint in screen.complaints} == {"Failed to load resource"}
        screen.complaints.clear()

        await screen.panel("over-time").get_by_role("button", name="Try again").click()

        await expect(screen.panel("over-time").get_by_role("img")).to_be_visible()


async def do_now(app: FastAPI, name: str) -> None:
    """Run a service's periodic work once."""
    (periodic,) = [one for one in application_of(app).periodic if one.name == name]
    await periodic.work()


@pytest.mark.long
async def test_who_is_logged_out_elsewhere_is_asked_to_log_in(
    apps: dict[str, FastAPI], visit: Visit, root: User
) -> None:
    """The next query finds the session ended; after a login everything is shown again."""
    async with visit() as screen:
        await screen.log_in()
        await screen.settle()
        await change(apps["user"].state.application.store, update(UserSession).values(revoked_at=func.now()))
        await do_now(apps["analytics"], "refresh_revocations")

        await screen.page.get_by_text("24 h").click()

        await expect(screen.page.get_by_role("alert")).to_have_text(ENDED)
        assert {complaint[:23] for complaint in screen.complaints} == {"Failed to load resource"}
        screen.complaints.clear()
        await screen.log_in()
        await screen.settle()


async def test_an_event_that_comes_meanwhile_is_shown(visit: Visit, root: User, sealed: Dispatcher) -> None:
    """A new event is shown at once; while paused no event is shown."""
    async with visit() as screen:
        await screen.log_in()
        live = screen.panel("live")
        await expect(live.get_by_role("status")).to_have_text("Watching")

        await sealed.send(
            "analytics", "POST", "/api/v1/analytics/events", json={"type": "kettle.boiled", "subject": "kettle-7"}
        )

        await expect(live.get_by_role("listitem")).to_contain_text("kettle.boiled")
        await live.get_by_role("button", name="Pause").click()
        await expect(live.get_by_role("status")).to_have_text("Paused")


@pytest.mark.long
async def test_many_tabs_share_one_session(
    apps: dict[str, FastAPI], visit: Visit, root: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tabs take turns with the refresh token: no use counts as theft, even without a grace period."""
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


@pytest.mark.long
async def test_a_token_is_replaced_before_it_expires(visit: Visit, root: User) -> None:
    """The token is replaced once, however many panels need it, and invisibly."""
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
            await screen.page.get_by_text("24 h").click()
        await screen.settle()
        assert refreshed == ["POST"]


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_is_accessible(visit: Visit, root: User, seeded: None, scheme: str) -> None:
    """Axe finds no problems in the form and the dashboard, contrast included."""
    async with visit(color_scheme=scheme) as screen:
        assert await violations(screen) == []
        await screen.log_in()
        await screen.settle()
        await screen.panel("over-time").get_by_text("Show as a table").click()

        assert await violations(screen) == []


@pytest.mark.long
async def test_it_fits_a_phone(visit: Visit, root: User, seeded: None) -> None:
    """At 360 pixels nothing scrolls sideways except tables within themselves."""
    async with visit(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True) as screen:
        assert await screen.overflow() <= 0
        await screen.log_in()
        await screen.settle()

        assert await screen.overflow() <= 0
