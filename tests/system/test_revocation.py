import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from time import monotonic

import httpx
import pytest

from cli.demo.accounts import ensure_demo_admin
from cli.dev.polling import eventually
from cli.services import SERVICES
from tests.support.aliases import People
from tests.system.stack import Stack

pytestmark = pytest.mark.long

USERS, REVENUE = "/api/v1/users", "/api/v1/analytics/revenue"
_ANSWERED = re.compile(r'^http_requests_total\{.*route="(?P<route>[^"]*)".*\} (?P<count>[\d.]+)$', re.MULTILINE)
PERIODIC = {f"{USERS}/revocations", "/.well-known/jwks.json", "/metrics", "/readyz"}
"""Routes that are called periodically, however many requests there are."""


@pytest.fixture
async def clients(stack: Stack) -> AsyncIterator[People]:
    """A plain HTTP client for each service."""
    async with AsyncExitStack() as clients:
        yield {
            service.name: await clients.enter_async_context(
                httpx.AsyncClient(base_url=stack.environment[service.url_variable])
            )
            for service in SERVICES
        }


async def log_in(stack: Stack, clients: People) -> dict[str, str]:
    """Return the Authorization header of a new session."""
    name, password = await ensure_demo_admin(stack.environment)
    answer = await clients["user"].post(f"{USERS}/login", json={"username": name, "password": password})
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def read_revenue(clients: People, bearer: dict[str, str]) -> int:
    """Return the status of a request that analytics answers by itself."""
    return (await clients["analytics"].get(REVENUE, headers=bearer)).status_code


async def count_requests(clients: People) -> int:
    """Return how many requests the user service has answered, without the periodic ones."""
    metrics = (await clients["user"].get("/metrics")).text
    return sum(int(float(line["count"])) for line in _ANSWERED.finditer(metrics) if line["route"] not in PERIODIC)


async def test_a_logout_counts_everywhere_within_five_seconds(stack: Stack, clients: People) -> None:
    """The access token is refused by the user service at once, and by the others after their next refresh."""
    bearer = await log_in(stack, clients)
    assert await read_revenue(clients, bearer) == 200
    ended = monotonic()
    await clients["user"].post(f"{USERS}/logout", headers=bearer)

    async def is_refused() -> bool:
        return await read_revenue(clients, bearer) == 401

    assert (await clients["user"].get(f"{USERS}/profile", headers=bearer)).status_code == 401
    assert await eventually(is_refused, within=5)
    assert monotonic() - ended < 5


async def test_other_sessions_go_on(stack: Stack, clients: People) -> None:
    """The same person's login on another device stays active after a logout."""
    here, there = await log_in(stack, clients), await log_in(stack, clients)
    await clients["user"].post(f"{USERS}/logout", headers=here)

    async def is_refused() -> bool:
        return await read_revenue(clients, here) == 401

    assert await eventually(is_refused, within=5)
    assert await read_revenue(clients, there) == 200


async def test_checking_a_token_asks_nobody(stack: Stack, clients: People) -> None:
    """However many requests with a token analytics answers, the user service gets no more for it."""
    bearer = await log_in(stack, clients)
    before = await count_requests(clients)

    for _ in range(100):
        assert await read_revenue(clients, bearer) == 200

    assert await count_requests(clients) == before > 0


async def test_tokens_are_checked_while_the_user_service_is_down(stack: Stack, clients: People) -> None:
    """Analytics still accepts valid tokens and refuses those of sessions that it knows to be revoked."""
    ended, valid = await log_in(stack, clients), await log_in(stack, clients)
    await clients["user"].post(f"{USERS}/logout", headers=ended)

    async def is_refused() -> bool:
        return await read_revenue(clients, ended) == 401

    assert await eventually(is_refused, within=5)
    stack.services.kill("user")
    try:
        assert [await read_revenue(clients, valid), await read_revenue(clients, ended)] == [200, 401]
    finally:
        stack.services.start("user")
        stack.services.wait_until_ready()
