"""The official client of Segment, sending to analytics."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from segment.analytics.client import Client
from segment.analytics.request import APIError, _session

from tests.analytics.sending import Stored
from tests.support.fault_proxy import Exchange, FaultProxy, losing, passing, saying

UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(autouse=True)
def closed_connections() -> Iterator[None]:
    """The client keeps its connections as long as the program runs."""
    yield
    _session.close()


def client(address: str, write_key: str, failures: list[Exception], **more: Any) -> Client:  # noqa: ANN401 - the client's options
    """A client with its usual settings, but shorter waits."""

    def hear(error: Exception, _messages: object) -> None:
        failures.append(error)

    return Client(write_key, host=address, on_error=hear, upload_interval=0.05, **more)


async def finish(segment: Client) -> None:
    """Send the queued messages, and end the client's thread."""
    await asyncio.to_thread(segment.flush)
    await asyncio.to_thread(segment.join)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
async def test_every_call_arrives(environment: dict[str, str], write_key: str, stored: Stored, packed: bool) -> None:  # noqa: FBT001
    """Track, identify, page, screen, group and alias arrive, collected and flushed."""
    failures: list[Exception] = []
    segment = client(environment["ANALYTICS_SERVICE_URL"], write_key, failures, gzip=packed)

    segment.track("ada", "Song Played", {"artist": "Nina", "seconds": 12.5})
    segment.identify("ada", {"plan": "pro"})
    segment.page("ada", "Docs", "Home", {"path": "/"})
    segment.screen("ada", "Docs", "Home")
    segment.group("ada", "club", {"size": 3})
    segment.alias("guest", "ada")
    await finish(segment)

    assert failures == []
    events = {event["type"]: event["data"] for event in await stored()}
    library = {"context": events["Song Played"]["context"]}
    assert library["context"]["library"]["name"] == "analytics-python"
    assert events == {
        "Song Played": {"artist": "Nina", "seconds": 12.5, **library},
        "identify": {"plan": "pro", **library},
        "page": {"category": "Docs", "name": "Home", "path": "/", **library},
        "screen": {"category": "Docs", "name": "Home", **library},
        "group": {"groupId": "club", "size": 3, **library},
        "alias": {"previousId": "guest", **library},
    }


async def test_no_event_is_lost_for_a_value(environment: dict[str, str], write_key: str, stored: Stored) -> None:
    """The client writes NaN, and half characters; if that were refused, it would drop the whole batch."""
    failures: list[Exception] = []
    segment = client(environment["ANALYTICS_SERVICE_URL"], write_key, failures)

    for odd in (float("nan"), float("inf"), "\ud83d", 2**70, [[float("-inf")]]):
        segment.track("ada", "Song Played", {"odd": odd, "seconds": 12.5})
    await finish(segment)

    assert failures == []
    events = [event["data"] for event in await stored()]
    assert [event["odd"] for event in events] == [None, None, "\ufffd", float(2**70), [[None]]]
    assert {event["seconds"] for event in events} == {12.5}


async def test_a_wrong_key_is_the_client_s_error(environment: dict[str, str], clean: None) -> None:
    """The client does not retry with a wrong key."""
    failures: list[Exception] = []
    segment = client(environment["ANALYTICS_SERVICE_URL"], "wk_wrong_key", failures)

    segment.track("ada", "Song Played")
    await finish(segment)

    (failure,) = failures
    assert isinstance(failure, APIError)
    assert failure.status == 401
    assert "invalid_write_key" in str(failure)


async def test_what_is_sent_again_counts_once(environment: dict[str, str], write_key: str, stored: Stored) -> None:
    """After a 503, and after a lost answer, the client retries; nothing is doubled or lost."""
    faults = iter([saying(UNAVAILABLE), losing])

    async def fault(exchange: Exchange) -> None:
        await next(faults, passing)(exchange)

    failures: list[Exception] = []
    async with FaultProxy(environment["ANALYTICS_SERVICE_URL"], fault) as proxy:
        segment = client(proxy.address, write_key, failures)
        for number in range(10):
            segment.track("ada", "Song Played", {"number": number})
        await finish(segment)

    assert proxy.seen >= 3
    assert failures == []
    assert sorted(event["data"]["number"] for event in await stored()) == list(range(10))
