import asyncio
import json
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from fastapi import FastAPI
from playwright.async_api import Page, expect

from analytics.counting.aggregate_dirty_minutes import aggregate_dirty_minutes
from analytics.ingestion.store_events import store_events
from chassis.core.clock import utc_now
from chassis.core.errors import DatabaseUnavailable
from chassis.dispatch.dispatcher import Dispatcher
from chassis.mongodb.database import MongoDB, MotorDatabase
from tests.analytics.counting import event
from tests.analytics.dashboard.conftest import Visit, zone_at_noon
from tests.analytics.dashboard.screen import PANELS, Screen
from tests.analytics.dashboard.seeds import TEAPOT, seed
from tests.support.having import having
from user.models import User

pytestmark = pytest.mark.long


@pytest.fixture
async def seeded(apps: dict[str, FastAPI], database: MotorDatabase) -> None:
    """Events are stored."""
    await seed(database)


async def check_that_an_update_keeps_the_place(screen: Screen) -> None:
    """Check that a table that is open and has the focus is open and has the focus after an update."""
    opener = screen.panel("revenue").get_by_text("Show as a table")
    await expect(opener).to_be_focused()
    async with screen.page.expect_response("**/timeseries?*"):
        await screen.page.keyboard.press("r")
    await screen.settle()
    await expect(opener).to_be_focused()
    await expect(screen.panel("revenue").get_by_role("table")).to_be_visible()


async def choose_yesterday(screen: Screen) -> None:
    """Enter dates, at first in the wrong order."""
    yesterday = (utc_now() - timedelta(days=1)).date().isoformat()
    first, last = (screen.page.get_by_label(label, exact=True) for label in ("from", "to"))
    await screen.page.keyboard.press("d")
    await first.fill(yesterday)
    await last.fill("2020-01-01")
    await expect(screen.page.locator("#dates [role=alert]")).to_have_text("The first day must not be after the last.")
    await last.fill(yesterday)


async def export(page: Page) -> list[str]:
    """Export, and return the types of the file's events."""
    await page.get_by_role("button", name="Export").click()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="NDJSON").click()
    file = await download.value
    assert file.suggested_filename.endswith(".ndjson")
    path = await file.path()
    lines = await asyncio.to_thread(lambda: path.read_text().splitlines())
    return [json.loads(line)["type"] for line in lines]


async def test_the_keyboard_is_enough(visit: Visit, root: User) -> None:
    """The keyboard is enough to log in, skip to the numbers, choose a range, use shortcuts and log out."""
    async with visit() as screen:
        keys, page = screen.page.keyboard, screen.page
        await expect(page.get_by_label("Name or e-mail address")).to_be_focused()
        await keys.type("root")
        await keys.press("Tab")
        await keys.type("correct horse battery")
        await keys.press("Enter")
        await expect(page.get_by_role("heading", name="Analytics")).to_be_focused()
        await screen.settle()

        await keys.press("Shift+Tab")
        await expect(page.get_by_role("link", name="Skip to the numbers")).to_be_focused()
        await keys.press("Enter")
        await expect(page.locator("#panels")).to_be_focused()
        await page.get_by_role("radio", name="7 days").focus()
        await keys.press("ArrowRight")
        await expect(page.get_by_role("radio", name="30 days")).to_be_checked()

        await keys.press("1")
        await expect(page.get_by_role("radio", name="Today")).to_be_checked()
        await keys.press("?")
        await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
        await keys.press("2")
        await keys.press("Escape")
        await keys.press("f")
        await expect(page.get_by_label("Step 1", exact=True)).to_be_focused()
        await keys.type("2?")
        await expect(page.get_by_label("Step 1", exact=True)).to_have_value("2?")
        await expect(page.get_by_role("radio", name="Today")).to_be_checked()

        await page.get_by_role("button", name="Keyboard shortcuts").focus()
        await keys.press("Tab")
        await expect(page.get_by_role("button", name="Log out")).to_be_focused()
        await keys.press("Enter")

        await expect(page.get_by_label("Name or e-mail address")).to_be_focused()


async def test_the_panels_show_what_the_events_add_up_to(visit: Visit, root: User, seeded: None) -> None:
    """The numbers of today match the events, in text and in charts; so do those of chosen dates, and an export."""
    async with visit() as screen:
        await screen.log_in()
        await screen.settle()
        await screen.choose("Today")
        for name in ("over-time", "revenue"):
            await screen.panel(name).get_by_text("Show as a table").click()
        shown = {name: await screen.text_of(name) for name in PANELS}
        await check_that_an_update_keeps_the_place(screen)
        await choose_yesterday(screen)
        await expect(screen.line("page.viewed")).to_have_text("page.viewed 2")
        exported = await export(screen.page)

    assert exported == ["page.viewed"] * 2
    assert shown["cards"] == (
        f"Today {zone_at_noon()} Events 5 +150% 2 yesterday by this time "
        "People 3 +50% 2 the day before, in whole UTC days "
        "Orders 1 new 0 yesterday by this time Revenue €19.98 new €0.00 yesterday by this time"
    )
    assert "In all page.viewed 3 order.confirmed 1 user.registered 1" in shown["over-time"]
    assert "EUR €19.98" in shown["revenue"]
    assert "Teapot 2 €19.98" in shown["products"]
    assert "page.viewed 3 order.confirmed 1 33% of all" in shown["funnel"]
    assert "100%" in shown["retention"]


FRAMES = """() => {
  window.frames_ = new Set();
  const number = (selector) => document.querySelector(selector)?.textContent;
  const look = () => {
    window.frames_.add([number("#cards .figure"), number("#over-time .legend b")].join(" "));
    requestAnimationFrame(look);
  };
  look();
}"""
"""Records what the first card and the legend of the chart show together, frame by frame."""


async def test_the_address_has_the_view(visit: Visit, root: User, seeded: None) -> None:
    """A reload restores range, hidden lines and funnel, and Back undoes a step; cards and charts agree all along."""
    async with visit() as screen:
        page = screen.page
        await screen.log_in()
        await screen.settle()
        await page.evaluate(FRAMES)
        await page.get_by_role("button", name="Add a step").click()
        await page.get_by_label("Step 3", exact=True).fill("user.registered")
        await screen.panel("funnel").get_by_role("button", name="Show").click()
        await screen.panel("over-time").get_by_role("button", name="page.viewed").click()
        await screen.choose("Today")
        shown = await page.evaluate("[...window.frames_]")
        address = page.url

        await page.reload()
        await screen.settle()

        assert set(shown) == {"7 5", "5 3"}
        assert page.url == address
        await expect(page.get_by_role("radio", name="Today")).to_be_checked()
        await expect(screen.line("page.viewed")).to_have_attribute("aria-pressed", "false")
        await expect(page.get_by_label("Step 3", exact=True)).to_have_value("user.registered")
        assert (
            "order.confirmed 1 33% of all user.registered 0 0% of all, 0% of the step before"
            in await screen.text_of("funnel")
        )
        await page.go_back()
        await expect(page.get_by_role("radio", name="7 days")).to_be_checked()
        await expect(screen.panel("cards").get_by_role("heading", name="Last 7 days")).to_be_visible()
        await page.go_back()
        await expect(page.get_by_label("Step 3", exact=True)).to_have_count(0)


async def test_where_there_is_nothing_that_is_said(visit: Visit, root: User) -> None:
    """Without events no panel is blank or broken."""
    async with visit() as screen:
        await screen.log_in()
        await screen.settle()

        shown = {name: await screen.text_of(name) for name in PANELS}

    assert "Events 0 0 in the 7 days before" in shown["cards"]
    assert "There are no events in this period." in shown["over-time"]
    assert "No orders were confirmed in this period." in shown["revenue"]
    assert "No products were sold in this period." in shown["products"]
    assert "A funnel needs people who did two things." in shown["funnel"]
    assert "No one was seen first in these weeks." in shown["retention"]


async def test_the_command_of_an_empty_panel_fills_it(
    visit: Visit, root: User, database: MotorDatabase, write_key: str
) -> None:
    """As it is pasted into a shell, with another key; the funnel and the live list show its events."""
    async with visit() as screen:
        await screen.log_in()
        await screen.settle()
        first, *request = (await screen.panel("funnel").locator("pre").inner_text()).splitlines()
        assert first == "KEY=$(bin/cli analytics keys add shop)"
        shell = ["sh", "-c", f"KEY={write_key}\n" + "\n".join(request)]
        sent = await asyncio.create_subprocess_exec(*shell, stdout=PIPE, stderr=PIPE)
        answer, _ = await sent.communicate()
        assert [one["status"] for one in json.loads(answer)["items"]] == ["inserted"] * 2
        await aggregate_dirty_minutes(database)
        await screen.page.keyboard.press("r")
        await expect(screen.panel("live").get_by_role("listitem")).to_have_count(2)
        await screen.settle()

        assert "page.viewed 1 cart.opened 1 100% of all" in await screen.text_of("funnel")


async def test_a_failure_is_told_and_can_be_tried_again(
    apps: dict[str, FastAPI], visit: Visit, root: User, seeded: None
) -> None:
    """While the database does not answer, each panel shows an error; a button reloads all of them afterwards."""

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
        screen.excuse()

        await screen.panel("over-time").get_by_role("button", name="Try again").click()

        await expect(screen.panel("over-time").get_by_role("img")).to_be_visible()
        await expect(again).to_have_count(0)


async def test_events_are_listed_live_and_opened(
    visit: Visit, root: User, database: MotorDatabase, sealed: Dispatcher
) -> None:
    """The list begins with the last ones, shows the ends of their ids, and opens one whole; while paused it stays."""
    await store_events(database, [event(utc_now(), "cup.broken", user_id=TEAPOT, data={"<b>": "&amp;"})])
    async with visit() as screen:
        await screen.log_in()
        live = screen.panel("live")
        await expect(live.get_by_role("listitem")).to_contain_text("cup.broken…00000000")
        await expect(live.get_by_role("status")).to_have_text("Watching")

        await sealed.send(
            "analytics", "POST", "/api/v1/analytics/events", json={"type": "kettle.boiled", "subject": "kettle-7"}
        )

        await expect(live.get_by_role("listitem").first).to_contain_text("kettle.boiledkettle-7")
        await live.get_by_role("listitem").last.click()
        whole = json.loads(await screen.page.locator("#event pre").inner_text())
        assert (whole["type"], whole["user_id"], whole["data"]) == ("cup.broken", TEAPOT, {"<b>": "&amp;"})
        await screen.page.keyboard.press("Escape")
        await expect(live.get_by_role("listitem").last.get_by_role("button")).to_be_focused()
        await live.get_by_role("button", name="Pause").click()
        await expect(live.get_by_role("status")).to_have_text("Paused")
