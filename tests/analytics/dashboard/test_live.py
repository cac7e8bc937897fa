import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Self, cast

import httpx
import pytest
from fastapi import FastAPI
from pymongo.errors import ServerSelectionTimeoutError
from starlette.requests import ClientDisconnect
from starlette.types import Message

from analytics.ingestion.store_events import store_events
from analytics.live import change_stream as feed
from analytics.live import stream_events as streaming
from analytics.live.change_stream import OPEN, QUEUE, Live, Reader
from analytics.live.stream_events import stream_events
from analytics.parts import Parts
from chassis.application import own_part
from chassis.auth.tokens import InvalidToken
from chassis.core.lifecycle import Draining
from chassis.core.types import new_id
from chassis.dispatch.dispatcher import Dispatcher
from chassis.mongodb.database import MongoDB, MotorDatabase
from chassis.web import event_stream
from cli.dev.polling import eventually
from tests.analytics.asking import Ask
from tests.analytics.counting import NOON, event
from tests.analytics.dashboard.streams import EVENTS, LIVE, Messages, messages_of
from tests.support.aliases import Bearer, People
from tests.support.having import having


@pytest.fixture
def live(apps: dict[str, FastAPI]) -> Live:
    """The readers of the analytics service."""
    return own_part(apps["analytics"], Parts).live


@pytest.fixture
async def watching(people: People, bearer: Bearer, live: Live) -> AsyncIterator["Watching"]:
    """Opens streams; after the last reader the change stream is closed."""

    async def is_closed() -> bool:
        return not live.is_open

    yield Watching(people["analytics"], bearer(role="admin"))
    assert await eventually(is_closed)


class Watching:
    """Opens streams, as an admin."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self._client = client
        self._headers = headers

    @asynccontextmanager
    async def __call__(self, last: int = 0) -> AsyncIterator[Messages]:
        """Return the messages after the first one, from which on none is missed."""
        query = {"last": last}
        async with self._client.stream("GET", LIVE, params=query, headers=self._headers, timeout=10) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            messages = messages_of(response)
            assert await anext(messages) == ("open", {})
            yield messages


async def test_an_event_is_told_when_it_is_stored(sealed: Dispatcher, watching: Watching) -> None:
    """The message has type and person, but not the data."""
    async with watching() as messages:
        stored = (await sealed.send("analytics", "POST", EVENTS, json={"type": "page.viewed", "subject": "s"})).json()

        kind, told = await anext(messages)

    assert (kind, told["id"], told["type"], told["subject"]) == ("message", stored["id"], "page.viewed", "s")
    assert told.keys() == {"id", "type", "occurred_at", "received_at", "subject", "user_id"}


async def test_the_last_events_come_first(database: MotorDatabase, watching: Watching, sealed: Dispatcher) -> None:
    """As many as requested, the latest last; later ones follow."""
    stored = [event(NOON + timedelta(minutes=minute)) for minute in (2, 0, 1)]
    await store_events(database, stored)
    async with watching(last=2) as messages:
        told = [(await anext(messages))[1]["id"] for _ in range(2)]
        later = (await sealed.send("analytics", "POST", EVENTS, json={"type": "page.viewed"})).json()
        told.append((await anext(messages))[1]["id"])

    assert told == [stored[2]["_id"], stored[0]["_id"], later["id"]]


class Gone(MongoDB):
    """A database that cannot be reached."""

    def __init__(self) -> None:
        self._database = self  # type: ignore[assignment]

    def __getitem__(self, _collection: str) -> "Gone":
        return self

    def find(self, *_arguments: object, **_options: object) -> None:
        """Raise what the driver raises."""
        raise ServerSelectionTimeoutError


async def test_a_stream_that_cannot_read_the_last_events_ends(apps: dict[str, FastAPI], watching: Watching) -> None:
    """A stream without the last events would be silent about them; so it ends, and the client connects again."""
    with having(apps["analytics"], store=Gone()):
        async with watching(last=2) as messages:
            assert [message async for message in messages] == []


async def test_one_event_is_read_whole(database: MotorDatabase, ask: Ask) -> None:
    """With its data; an id without an event is a 404."""
    stored, other = event(data={"path": "/pricing"}), event()
    await store_events(database, [stored, other])

    answer = await ask(f"events/{stored['_id']}")

    assert (answer["id"], answer["type"], answer["data"]) == (stored["_id"], "page.viewed", {"path": "/pricing"})
    assert await ask.refusal(f"events/{new_id()}") == (404, "event_not_found")


async def test_all_who_listen_are_told(sealed: Dispatcher, watching: Watching) -> None:
    """All readers share one change stream."""
    async with watching() as first, watching() as second:
        stored = (await sealed.send("analytics", "POST", EVENTS, json={"type": "page.viewed"})).json()

        told = [(await anext(messages))[1]["id"] for messages in (first, second)]

    assert told == [stored["id"]] * 2


async def test_a_reader_too_many_is_refused(
    watching: Watching, people: People, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader too many gets a 503 with Retry-After; the place of a reader who left is free again."""
    monkeypatch.setattr(feed, "MAX_READERS", 1)
    async with watching():
        refused = await people["analytics"].get(LIVE, headers=bearer(role="admin"))

    assert (refused.status_code, refused.json()["code"]) == (503, "too_many_readers")
    assert refused.headers["retry-after"] == "10"

    async def is_let_in() -> bool:
        async with people["analytics"].stream("GET", LIVE, headers=bearer(role="admin")) as response:
            return response.status_code == 200

    assert await eventually(is_let_in)


async def test_one_person_does_not_take_all_places(
    watching: Watching, people: People, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a few streams of one person are a 429; others are admitted, and so is the person after closing one."""
    monkeypatch.setattr(feed, "MAX_OF_ONE", 2)
    live, admin = people["analytics"], bearer(role="admin")
    async with live.stream("GET", LIVE, headers=admin), live.stream("GET", LIVE, headers=admin):
        refused = await live.get(LIVE, headers=admin)
        async with live.stream("GET", LIVE, headers=bearer(role="analyst")) as other:
            assert other.status_code == 200

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
    assert refused.headers["retry-after"] == "10"

    async def is_let_in() -> bool:
        async with live.stream("GET", LIVE, headers=admin) as response:
            return response.status_code == 200

    assert await eventually(is_let_in)


class Closing:
    """A database whose change stream has no events, and takes a while to close."""

    resume_token = None

    def __init__(self) -> None:
        self.is_closing = asyncio.Event()
        self.may_close = asyncio.Event()

    def __getitem__(self, _collection: str) -> "Closing":
        return self

    def watch(self, *_arguments: object, **_options: object) -> "Closing":
        """Open the stream."""
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.is_closing.set()
        await self.may_close.wait()

    async def try_next(self) -> None:
        """Return nothing."""
        await asyncio.sleep(0)


async def test_who_comes_while_the_stream_closes_is_not_told_that_it_is_open() -> None:
    """A reader that connects while the stream closes gets the open message once the next stream is open."""
    live, database = Live(), Closing()
    with live.reading(new_id()) as first:
        following = asyncio.create_task(live.follow(cast("MotorDatabase", database)))
        assert await first.next(5) == OPEN
    await database.is_closing.wait()

    with live.reading(new_id()) as second:
        assert await second.next(0) is None
        database.may_close.set()
        await following
        again = asyncio.create_task(live.follow(cast("MotorDatabase", database)))
        assert await second.next(5) == OPEN
    await again


async def test_a_stream_ends_with_the_service(apps: dict[str, FastAPI], watching: Watching) -> None:
    """The shutdown of the service does not wait for readers."""
    with having(apps["analytics"], draining=(draining := Draining())):
        async with watching() as messages:
            draining.has_begun = True
            assert [message async for message in messages] == []


async def test_a_stream_ends_with_its_token(
    apps: dict[str, FastAPI], watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is checked at every heartbeat; after expiry or revocation no event is sent."""

    class Refusing:
        async def verify(self, _token: str) -> None:
            raise InvalidToken

    async with watching() as messages:
        monkeypatch.setattr(streaming, "HEARTBEAT_S", 0.0)
        with having(apps["analytics"], tokens=Refusing()):
            assert [message async for message in messages] == []


async def test_a_quiet_stream_has_a_heartbeat() -> None:
    """A heartbeat every 15 s makes proxies keep the connection open."""
    times = iter([0.0, 14.9, 15.0, 15.0])

    async def is_allowed() -> bool:
        return True

    async def last() -> list[bytes]:
        return []

    reader = Reader(new_id())
    reader.tell(b"one")
    reader.tell(b"two")
    stream = stream_events(reader, is_allowed, lambda: False, last, clock=lambda: next(times))

    assert [await anext(stream) for _ in range(3)] == [b"one", b"two", b": ping\n\n"]


async def test_a_slow_reader_is_told_how_many_passed_by() -> None:
    """Buffered events come first, then the number of dropped ones, then later events."""
    reader = Reader(new_id())
    for number in range(QUEUE + 3):
        reader.tell(b"%d" % number)

    waiting = [await reader.next(0) for _ in range(QUEUE)]
    overrun = await reader.next(0)
    reader.tell(b"later")

    assert waiting == [b"%d" % number for number in range(QUEUE)]
    assert overrun == b'event: overrun\ndata: {"missed":3}\n\n'
    assert await reader.next(0) == b"later"


async def test_a_client_that_does_not_read_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The place of a client that does not read is free after a while."""
    monkeypatch.setattr(event_stream, "PATIENCE_S", 0.01)

    async def messages() -> AsyncIterator[bytes]:
        yield b"one"

    async def taking_nothing(_message: Message) -> None:
        await asyncio.Event().wait()

    with pytest.raises(ClientDisconnect):
        await event_stream.EventStream(messages()).stream_response(taking_nothing)
