"""A real browser: the system's Chromium."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright, expect

from cli.checks.browser import REMEDY, find_chromium
from tests.support.tools import require

PATIENCE_MS = 15_000
"""How long a busy machine may take to show something, milliseconds."""
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")


@pytest.fixture(scope="session")
async def browser_process() -> AsyncIterator[Browser]:
    """One browser for all tests of this worker."""
    path = require(find_chromium(), "browser", REMEDY)
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        await browser.close()
