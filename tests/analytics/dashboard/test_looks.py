"""
The dashboard at three widths, in light and dark.

To take the pictures of docs/dashboard.md again:
``PICTURES=docs/images .venv/bin/python -m pytest -n 0 -m long tests/analytics/dashboard/test_looks.py``.
"""

import os
from base64 import b64decode
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from chassis.mongodb.database import MotorDatabase
from tests.analytics.dashboard.conftest import Visit
from tests.analytics.dashboard.history import seed_history
from tests.analytics.dashboard.screen import Screen
from tests.support.aliases import MakeUser
from user.models import User

pytestmark = pytest.mark.long

PICTURES = os.environ.get("PICTURES")
WIDTHS, NARROWEST = (1280, 768, 390), 360


@pytest.fixture
async def grace(make_user: MakeUser) -> User:
    """An analyst."""
    return await make_user("grace", role="analyst")


async def violations(screen: Screen, part: str | None = None) -> list[str]:
    """The problems that axe finds in the current page, or in a part of it."""
    found = await Axe().run(screen.page, part)
    return [f"{one['id']}: {node['html']}" for one in found.response["violations"] for node in one["nodes"]]


async def picture_of(page: Page) -> bytes:
    """A picture of the whole page, as WebP."""
    browser = await page.context.new_cdp_session(page)
    how = {"format": "webp", "quality": 80, "captureBeyondViewport": True}
    taken = await browser.send("Page.captureScreenshot", how)
    return b64decode(taken["data"])


def store(picture: bytes, name: str) -> None:
    """Store a picture, if pictures are wanted."""
    if PICTURES:
        Path(PICTURES, f"dashboard-{name}.webp").write_bytes(picture)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_fits_every_width_and_is_accessible(
    visit: Visit, grace: User, database: MotorDatabase, scheme: str
) -> None:
    """No text is cut off or needs scrolling sideways, contrast is enough, and everything has a name."""
    await seed_history(database)
    async with visit(color_scheme=scheme, timezone_id="Europe/Berlin") as screen:
        assert await violations(screen) == []
        await screen.log_in("grace")
        await screen.settle()
        await screen.choose("30 days")
        assert await violations(screen) == []
        for width in WIDTHS:
            await screen.page.set_viewport_size({"width": width, "height": 800})
            assert await screen.overflow() <= 0, width
            store(await picture_of(screen.page), f"{width}-{scheme}")
        await screen.page.set_viewport_size({"width": NARROWEST, "height": 800})
        for key, dialog in (("?", "#help"), ("e", "#export")):
            await screen.page.keyboard.press(key)
            assert await violations(screen, dialog) == []
            assert await screen.overflow() <= 0
            await screen.page.keyboard.press("Escape")
        await screen.panel("live").get_by_role("listitem").first.click()
        await screen.page.locator("#event pre").wait_for()
        assert await violations(screen, "#event") == []
        assert await screen.overflow() <= 0
