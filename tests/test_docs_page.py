"""Swagger UI in a real browser."""

import re
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page, expect

from tests.support.aliases import MakeUser
from tests.support.browser import PATIENCE_MS, browser_process

__all__ = ["browser_process"]
PASSWORD = "correct horse battery"


@pytest.fixture
async def page(browser_process: Browser) -> AsyncIterator[Page]:
    """A page of a new browser session, in the dark scheme; errors that the browser reports fail the test."""
    complaints: list[str] = []
    context = await browser_process.new_context(color_scheme="dark")
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    await context.close()
    assert complaints == []


async def test_authorize_logs_in_from_another_services_documentation(
    page: Page, environment: dict[str, str], apps: dict[str, FastAPI], make_user: MakeUser
) -> None:
    """On product's /docs a person logs in by name and password, and calls a route that needs the login."""
    await make_user("root", role="admin")
    await page.goto(f"{environment['PRODUCT_SERVICE_URL']}/docs")
    await page.get_by_role("button", name="Authorize", exact=True).click()
    form = page.locator(".auth-container", has=page.get_by_role("heading", name="Login (OAuth2, password)"))
    await form.get_by_label("username:").fill("root")
    await form.get_by_label("password:").fill(PASSWORD)
    await form.get_by_role("button", name="Apply given OAuth2 credentials").click()
    await expect(form.get_by_role("heading", name="Authorized")).to_be_visible()
    await page.get_by_role("button", name="Close").first.click()

    add = page.locator("#operations-products-create")
    await add.locator(".opblock-summary-control").click()
    await add.get_by_role("button", name="Try it out").click()
    await add.get_by_role("button", name="Execute").click()

    await expect(add.locator(".live-responses-table .response-col_status").last).to_have_text(re.compile("201"))
