"""Sessions of the dashboard, as a browser begins and continues them."""

from http.cookies import Morsel, SimpleCookie

import httpx

from tests.user.logins import PASSWORD

SESSION = "/dashboard/session"


async def log_in(
    browser: httpx.AsyncClient, username: str = "root", password: str = PASSWORD, address: str = "192.0.2.7"
) -> httpx.Response:
    """Log in at the dashboard, from some address."""
    body = {"username": username, "password": password}
    return await browser.post(SESSION, json=body, headers={"X-Forwarded-For": address})


async def refresh(browser: httpx.AsyncClient) -> httpx.Response:
    """Get the next access token."""
    return await browser.post(f"{SESSION}/refresh")


def cookie_of(answer: httpx.Response) -> Morsel[str]:
    """The one cookie that an answer sets."""
    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return morsel
