"""Answers that arrive in parts: downloads and server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import StreamingResponse

from analytics.parts import Parts
from chassis.application import application_of, own_part
from chassis.dispatch.dispatcher import Dispatcher
from chassis.sealing.access import public
from chassis.web.routing import Router, service_router
from cli.dev.polling import eventually
from gateway.front_door.table import Table
from tests.analytics.dashboard.streams import EVENTS, LIVE, messages_of
from tests.chassis.tiny import serve_tiny
from tests.gateway.doors import KEYS, THINGS, Door, opened, serve_door
from tests.sealing.messages import as_setting
from tests.support.aliases import Bearer, People


@dataclass(slots=True)
class Source:
    """A service that streams a part, waits for the test, and streams another part, or breaks."""

    go: asyncio.Event = field(default_factory=asyncio.Event)
    has_ended: asyncio.Event = field(default_factory=asyncio.Event)
    breaks: bool = False

    def router(self) -> Router:
        """Return its routes."""
        router = service_router("things")

        async def parts() -> AsyncIterator[bytes]:
            try:
                yield b"data: first\n\n"
                await self.go.wait()
                if self.breaks:
                    raise ConnectionError
                yield b"data: second\n\n"
            finally:
                self.has_ended.set()

        for name, kind in (("events", "text/event-stream"), ("download", "text/csv")):

            async def stream(kind: str = kind) -> StreamingResponse:
                """Stream two parts."""
                return StreamingResponse(parts(), media_type=kind)

            router.get(f"/{name}", access=public(), response_model=None)(stream)
        return router


@pytest.fixture
async def source() -> Source:
    """The service behind."""
    return Source()


@pytest.fixture
async def door(source: Source) -> AsyncIterator[Door]:
    """A gateway before it."""
    table = Table(open=[opened(f"{THINGS}/{name}", sealed=False) for name in ("events", "download")], closed=[])
    async with (
        serve_tiny(source.router(), link_key=as_setting(KEYS)) as tiny,
        serve_door(str(tiny.client.base_url).rstrip("/"), table) as door,
    ):
        yield door
        source.go.set()


@pytest.mark.parametrize("name", ["events", "download"])
async def test_a_part_arrives_before_the_next_is_there(door: Door, source: Source, name: str) -> None:
    """Nothing is collected, and the body is whole in the end."""
    async with door.client.stream("GET", f"{THINGS}/{name}") as answer:
        parts = answer.aiter_raw()
        first = await anext(parts)
        source.go.set()
        rest = b"".join([part async for part in parts])

    assert (first, rest) == (b"data: first\n\n", b"data: second\n\n")


@pytest.mark.parametrize("name", ["events", "download"])
async def test_who_leaves_ends_the_stream_in_the_service(door: Door, source: Source, name: str) -> None:
    """The service does not go on for readers who are not there."""
    async with door.client.stream("GET", f"{THINGS}/{name}") as answer:
        assert await anext(answer.aiter_raw())

    async with asyncio.timeout(30.0):
        await source.has_ended.wait()

    async def is_idle() -> bool:
        return application_of(door.app).receiver.in_flight == 0

    assert await eventually(is_idle)


async def test_a_stream_of_events_ends_when_the_gateway_stops(door: Door, source: Source) -> None:
    """It would never end otherwise; the service sees its reader leave. A browser connects again, to another replica."""
    async with door.client.stream("GET", f"{THINGS}/events") as answer:
        parts = answer.aiter_raw()
        assert await anext(parts)
        application_of(door.app).draining.has_begun = True

        async with asyncio.timeout(30.0):
            assert [part async for part in parts] == []
            await source.has_ended.wait()


async def test_a_download_goes_on_while_the_gateway_stops(door: Door, source: Source) -> None:
    """A server finishes the requests that it has."""
    async with door.client.stream("GET", f"{THINGS}/download") as answer:
        parts = answer.aiter_raw()
        assert await anext(parts)
        application_of(door.app).draining.has_begun = True
        source.go.set()

        assert b"".join([part async for part in parts]) == b"data: second\n\n"


@pytest.mark.parametrize("name", ["events", "download"])
async def test_a_stream_that_breaks_is_not_taken_for_a_whole_one(door: Door, source: Source, name: str) -> None:
    """The connection to the person breaks, too."""
    source.breaks = True
    async with door.client.stream("GET", f"{THINGS}/{name}") as answer:
        parts = answer.aiter_raw()
        assert await anext(parts)
        source.go.set()

        with pytest.raises(httpx.RemoteProtocolError):
            await anext(parts)


async def test_live_events_of_analytics_arrive(
    apps: dict[str, FastAPI], people: People, bearer: Bearer, sealed: Dispatcher
) -> None:
    """Each when it is stored; the reader is gone when the person leaves."""
    live = own_part(apps["analytics"], Parts).live
    async with people["gateway"].stream("GET", LIVE, headers=bearer(role="admin"), timeout=30) as response:
        messages = messages_of(response)
        assert await anext(messages) == ("open", {})
        stored = (await sealed.send("analytics", "POST", EVENTS, json={"type": "page.viewed"})).json()
        kind, told = await anext(messages)

    async def is_closed() -> bool:
        return not live.is_open

    assert response.headers["content-type"].startswith("text/event-stream")
    assert (kind, told["id"]) == ("message", stored["id"])
    assert await eventually(is_closed)
