"""A real browser with the dashboard."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx
import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, CDPSession, Page, Route

from analytics.dashboard.files import read_page
from chassis.application import application_of
from chassis.postgres.database import Postgres
from tests.analytics.dashboard.failing import Failing
from tests.analytics.dashboard.screen import Screen
from tests.support.aliases import MakeUser, People
from tests.support.browser import PATIENCE_MS, browser_process
from tests.support.having import having
from user.models import User

__all__ = ["browser_process"]

_CALL = """async ([file, name, values]) => {
  const module = await import(`/dashboard/${file}.js`);
  return JSON.parse(JSON.stringify((await module[name](...values)) ?? null));
}"""

Fail = Callable[[str, Exception], AbstractContextManager[None]]
"""Makes calls of analytics to the user service fail: ``with failing("/profile", ServiceUnavailable())``."""


class Visit(Protocol):
    """Opens the dashboard in a browser of its own: ``async with visit(color_scheme="dark") as screen``."""

    def __call__(self, **options: object) -> AbstractAsyncContextManager[Screen]:
        """Options are those of a context of playwright."""


@pytest.fixture
def visit(browser_process: Browser, environment: dict[str, str], clean: None) -> Visit:
    """Opens the dashboard; messages of the browser (errors, its content policy) fail the test."""

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


_FILES = read_page()


async def _serve(route: Route) -> None:
    """Answer with one of the page's files; otherwise with an empty page."""
    file = _FILES.get(route.request.url.rpartition("/")[2])
    if file:
        await route.fulfill(body=file.content, content_type=file.media_type)
    else:
        await route.fulfill(body="", content_type="text/html")


class Modules:
    """The page's modules, in a page without a service."""

    def __init__(self, page: Page, browser: CDPSession) -> None:
        self._page = page
        self._browser = browser
        self._zone = ""

    async def run(self, function: str, *values: object, zone: str = "UTC") -> Any:  # noqa: ANN401 - JSON
        """Return what a function returns: ``await modules.run("names.tail", id)``; a datetime becomes a Date."""
        return await self.evaluate(_CALL, [*function.split("."), list(values)], zone=zone)

    async def evaluate(self, script: str, value: object = None, zone: str = "UTC") -> Any:  # noqa: ANN401 - JSON
        """Return what a script returns."""
        if zone != self._zone:
            await self._browser.send("Emulation.setTimezoneOverride", {"timezoneId": zone})
            await self._page.goto("http://127.0.0.1/dashboard/")
            self._zone = zone
        return await self._page.evaluate(script, value)


@pytest.fixture(scope="module")
async def modules(browser_process: Browser) -> AsyncIterator[Modules]:
    """The page's modules."""
    page = await browser_process.new_page(locale="en-GB")
    await page.route("**/dashboard/*", _serve)
    yield Modules(page, await page.context.new_cdp_session(page))
    await page.close()


@pytest.fixture
def accounts(apps: dict[str, FastAPI], clean: None) -> Postgres:
    """The user service's database, with empty tables."""
    store: Postgres = apps["user"].state.application.store
    return store


@pytest.fixture
def failing(apps: dict[str, FastAPI]) -> Fail:
    """Makes calls to the user service fail."""
    app = apps["analytics"]

    @contextmanager
    def fail(path: str, error: Exception) -> Iterator[None]:
        with having(app, dispatcher=Failing(application_of(app).dispatcher, path, error)):
            yield

    return fail


@pytest.fixture
def browser(people: People) -> httpx.AsyncClient:
    """A client that stores cookies as a browser does."""
    return people["analytics"]


def zone_at_noon() -> str:
    """Return a time zone in which it is around noon."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


@pytest.fixture
async def root(make_user: MakeUser) -> User:
    """An admin."""
    return await make_user("root", role="admin")
