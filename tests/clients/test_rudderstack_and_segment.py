"""Segment's client for Node, and RudderStack's for Python and Node: each with its usual settings."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.analytics.sending import Stored
from tests.support.fault_proxy import Exchange, FaultProxy, losing, passing, saying
from tests.support.node import Node
from tests.support.python_clients import PythonClients

pytestmark = pytest.mark.long

PROGRAMS = Path(__file__).parent / "programs"
LIBRARIES = {
    "segment_calls.mjs": "@segment/analytics-node",
    "rudderstack_calls.mjs": "analytics-node",
    "rudderstack_calls.py": "analytics-python",
}
"""What each program's library calls itself."""
UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
Send = Callable[[str, str], Awaitable[dict[str, Any]]]
"""Makes every call to an address with a write key; returns the statuses of the answers, and the failures reported."""


@pytest.fixture(params=LIBRARIES)
def program(request: pytest.FixtureRequest) -> str:
    """A program that makes every call of its client."""
    return str(request.param)


@pytest.fixture
def send(program: str, node: Node, python_clients: PythonClients) -> Send:
    """Run the program."""

    async def run(address: str, key: str) -> dict[str, Any]:
        runtime = python_clients if program.endswith(".py") else node
        printed = await runtime.script(PROGRAMS / program, address, key)
        return dict(json.loads(printed.splitlines()[-1]))

    return run


async def test_every_call_arrives(
    environment: dict[str, str], write_key: str, stored: Stored, program: str, send: Send
) -> None:
    """Track, identify, page, screen, group and alias are stored with their data."""
    reported = await send(environment["ANALYTICS_SERVICE_URL"], write_key)

    assert reported["failures"] == []
    assert set(reported["statuses"]) == {200}
    events = await stored()
    assert [event for event in events if "context" not in event["data"]] == []
    libraries = [event["data"].pop("context")["library"]["name"] for event in events]
    assert libraries == [LIBRARIES[program]] * 6
    assert {event["type"]: event["data"] for event in events} == {
        "Song Played": {"artist": "Nina", "seconds": 12.5},
        "identify": {"plan": "pro"},
        "page": {"category": "Docs", "name": "Home", "path": "/"},
        "screen": {"category": "Docs", "name": "Home"},
        "group": {"groupId": "club", "size": 3},
        "alias": {"previousId": "guest"},
    }
    assert {event["user_id"] for event in events} == {"ada"}


async def test_a_wrong_key_is_reported_at_once(
    environment: dict[str, str], clean: None, stored: Stored, send: Send
) -> None:
    """The client reports it to its program, and does not send the events again."""
    reported = await send(environment["ANALYTICS_SERVICE_URL"], "wk_wrong_key")

    assert set(reported["statuses"]) == {401}
    assert len(reported["statuses"]) <= 2  # RudderStack's client for Node sends its first event alone
    assert reported["failures"]
    assert await stored() == []


async def test_what_is_sent_again_counts_once(
    environment: dict[str, str], write_key: str, stored: Stored, send: Send
) -> None:
    """After a 503, and after a lost answer, the client retries; nothing is doubled or lost."""
    faults = iter([saying(UNAVAILABLE), losing])

    async def fault(exchange: Exchange) -> None:
        await next(faults, passing)(exchange)

    async with FaultProxy(environment["ANALYTICS_SERVICE_URL"], fault) as proxy:
        reported = await send(proxy.address, write_key)

    assert proxy.seen >= 3
    assert reported["failures"] == []
    assert sorted(event["type"] for event in await stored()) == [
        "Song Played",
        "alias",
        "group",
        "identify",
        "page",
        "screen",
    ]
