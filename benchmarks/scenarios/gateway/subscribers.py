"""The subscribers: a client process that holds streams, changes orders, and records when each change arrives."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import cycle
from multiprocessing.connection import Connection
from uuid import uuid4

import aiohttp
import orjson

from benchmarks.processes import hear, run_on_uvloop
from benchmarks.scenarios.gateway.people import Placed

_OPENING = 16
"""Streams that are opened at a time."""
_OPEN_S = 120.0
_ARRIVE_S = 30.0
_CANCELLED = b'"CANCELLED"'


class NotHeld(Exception):
    """A stream was refused or has ended; carries the status and the answer."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Open a stream for each of these orders; the answer is the number that are open."""

    orders: Sequence[Placed]


@dataclass(frozen=True, slots=True)
class Change:
    """Cancel these orders, one every *pause_s* seconds; the answer is the list of ``Arrival`` that came within 30 s."""

    orders: Sequence[Placed]
    pause_s: float


@dataclass(frozen=True, slots=True)
class Arrival:
    """The time at which the change of an order arrived, seconds since 1970."""

    order_id: str
    at: float


def run_subscribers(pipe: Connection, gateways: Sequence[str], orders: str, document_id: str) -> None:
    """Do what is received through the pipe, ``Hold`` or ``Change``, until it is closed; at each gateway in turn."""
    run_on_uvloop(_obey(pipe, gateways, orders, document_id))


async def _obey(pipe: Connection, gateways: Sequence[str], orders: str, document_id: str) -> None:
    async with _subscribers(gateways, orders, document_id) as subscribers:
        pipe.send("ready")
        while task := await hear(pipe):
            act = subscribers.hold(task.orders) if isinstance(task, Hold) else subscribers.change(task)
            pipe.send(await act)


@asynccontextmanager
async def _subscribers(gateways: Sequence[str], orders: str, document_id: str) -> AsyncIterator["_Subscribers"]:
    forever = aiohttp.ClientTimeout(total=None)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=forever) as session:
        subscribers = _Subscribers(
            session, cycle(f"{one}/graphql" for one in gateways), f"{orders}/api/v1/orders", document_id
        )
        try:
            yield subscribers
        finally:
            for stream in subscribers.streams:
                stream.cancel()


@dataclass(slots=True)
class _Subscribers:
    session: aiohttp.ClientSession
    graphql: Iterator[str]
    orders: str
    document_id: str
    streams: list[asyncio.Task[None]] = field(default_factory=list)
    arrived: dict[str, "asyncio.Future[float]"] = field(default_factory=dict)

    async def hold(self, orders: Sequence[Placed]) -> int:
        turns = asyncio.Semaphore(_OPENING)
        async with asyncio.timeout(_OPEN_S):
            await asyncio.gather(*(self._open(one, turns) for one in orders))
        return sum(not stream.done() for stream in self.streams)

    async def change(self, task: Change) -> list[Arrival]:
        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number, one in enumerate(task.orders):
                await asyncio.sleep(begun + number * task.pause_s - time.monotonic())
                group.create_task(self._cancel(one))
        awaited = [self.arrived[one.order_id] for one in task.orders]
        await asyncio.wait(awaited, timeout=_ARRIVE_S)
        return [Arrival(order, at.result()) for order, at in self.arrived.items() if at.done()]

    async def _open(self, one: Placed, turns: asyncio.Semaphore) -> None:
        """Return when the first event of the stream is there: the order as it is."""
        self.arrived[one.order_id], begun = asyncio.Future(), asyncio.Event()
        async with turns:
            stream = asyncio.create_task(self._follow(one, begun))
            self.streams.append(stream)
            waiting = asyncio.create_task(begun.wait())
            await asyncio.wait((stream, waiting), return_when=asyncio.FIRST_COMPLETED)
        if stream.done():
            await stream

    async def _follow(self, one: Placed, begun: asyncio.Event) -> None:
        headers = {"Authorization": f"Bearer {one.token}", "Accept": "text/event-stream"}
        body = {"documentId": self.document_id, "variables": {"id": one.order_id}}
        async with self.session.post(next(self.graphql), json=body, headers=headers) as answer:
            if answer.status != HTTPStatus.OK:
                raise NotHeld(f"{answer.status} {await answer.text()}")
            async for line in answer.content:
                if not line.startswith(b"data: {"):
                    continue
                if b'"errors"' in line:
                    raise NotHeld(line.decode())
                begun.set()
                if _CANCELLED in line:
                    self.arrived[one.order_id].set_result(time.time())
                    return

    async def _cancel(self, one: Placed) -> None:
        headers = {"Authorization": f"Bearer {one.token}", "Idempotency-Key": str(uuid4())}
        async with self.session.post(f"{self.orders}/{one.order_id}/cancel", headers=headers) as answer:
            cancelled = orjson.loads(await answer.read())
            if cancelled.get("status") != "cancelled":
                raise NotHeld(f"{answer.status} {cancelled}")
