"""A real browser, and what it shows of the dashboard."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Protocol

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from cli.browser import REMEDY, find_chromium
from tests.analytics.dashboard.screen import Screen

PATIENCE_MS = 15_000
"""How long a busy machine may take to show something."""
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")


class Visit(Protocol):
    """Opens the dashboard in a browser of its own: ``async with visit(color_scheme="dark") as screen``."""

    def __call__(self, **options: object) -> AbstractAsyncContextManager[Screen]:
        """Options are those of a context of playwright."""


@pytest.fixture(scope="session")
async def browser_process() -> AsyncIterator[Browser]:
    """One browser for all tests of this worker."""
    path = find_chromium()
    assert path, f"There is no Chromium, which the tests of the dashboard need: {REMEDY}"
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
def visit(browser_process: Browser, environment: dict[str, str], clean: None) -> Visit:
    """Opens the dashboard; what the browser complains of (errors, its content policy) fails the test."""

    @asynccontextmanager
    async def opened(**options: object) -> AsyncIterator[Screen]:
        complaints: list[str] = []

        def listen(page: Page) -> None:
            page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))

        address = environment["ANALYTICS_SERVICE_URL"]
        defaults = {"base_url": address, "locale": "en-GB", "timezone_id": zone_at_noon(), "reduced_motion": "reduce"}
        context = await browser_process.new_context(**{**defaults, **options})  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        context.on("page", listen)
        try:
            page = await context.new_page()
            await page.goto("/dashboard")
            yield Screen(page, complaints)
            assert complaints == []
        finally:
            await context.close()

    return opened


def zone_at_noon() -> str:
    """Give a time zone in which the day has begun long ago, and ends in a long time."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
