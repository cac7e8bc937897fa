from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from tests.chassis.auth.forger import FORGERIES, Forger

REVENUE = "/api/v1/analytics/revenue"


@pytest.fixture
def forger(environment: dict[str, str]) -> Forger:
    """A forger who holds the user service's key."""
    return Forger(environment["JWT_PRIVATE_KEY"], environment["JWT_ISSUER"])


@pytest.fixture(scope="module")
async def analytics(environment: dict[str, str], apps: dict[str, FastAPI]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of analytics, which fetches the keys from the user service."""
    async with httpx.AsyncClient(base_url=environment["ANALYTICS_SERVICE_URL"]) as client:
        yield client


async def ask(analytics: httpx.AsyncClient, token: str | None) -> httpx.Response:
    """Ask for the revenue as the person in the token."""
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return await analytics.get(REVENUE, headers=headers)


async def test_a_valid_token_is_accepted(analytics: httpx.AsyncClient, forger: Forger) -> None:
    """A token that another library signs with the issuer's key is accepted: a forgery below fails for its own fault."""
    assert (await ask(analytics, forger.token())).status_code == 403
    assert (await ask(analytics, forger.with_header())).status_code == 403


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_token_is_refused_like_a_missing_one(
    analytics: httpx.AsyncClient, forger: Forger, forgery: str
) -> None:
    """Every forged token is refused with the same answer, except for the request's id."""
    missing, refused = await ask(analytics, None), await ask(analytics, FORGERIES[forgery](forger))

    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert refused.json().pop("request_id") != missing.json().pop("request_id")
    assert refused.json() | {"request_id": ""} == missing.json() | {"request_id": ""}
