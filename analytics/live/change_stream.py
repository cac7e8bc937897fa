"""
Events as they are stored, told to whoever listens: one change stream per process, however many listen.

It is open while somebody listens, and goes on where it was after a failure.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from fastapi.sse import format_sse_event
from pymongo.errors import OperationFailure

from analytics.models import EVENTS
from chassis.core import json as strict_json
from chassis.core.errors import ServiceUnavailable, TooManyRequests
from chassis.mongodb.database import Document, MotorDatabase

MAX_READERS = 32
MAX_OF_ONE = 8
"""Streams of one person: one who opens many must not take all the places."""
QUEUE = 500
"""How many events wait for a reader who is slow."""
_LOOK_EVERY_MS = 500
"""How long the database holds back an answer without news; after it we look whether anybody listens still."""

_TOLD = ("type", "occurred_at", "received_at", "subject", "user_id")
_STORED: list[Document] = [
    {"$match": {"operationType": "insert"}},
    {"$project": {f"fullDocument.{name}": 1 for name in ("_id", *_TOLD)}},
]
OPEN = format_sse_event(event="open", data_str="{}")
"""From here on nothing is missed."""


class TooManyReaders(ServiceUnavailable):
    """As many people watch as can."""

    code = "too_many_readers"
    message = "Too many people are watching events; try again later."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "10"})


class TooManyStreams(TooManyRequests):
    """One person watches in as many places as one may."""

    code = "too_many_streams"
    message = f"You are watching events in {MAX_OF_ONE} places already: close one of them."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "10"})


class Reader:
    """
    A stream of somebody who listens. What comes while the queue is full passes by, and is counted.

    Attributes:
        person: Whose it is.
    """

    def __init__(self, person: UUID) -> None:
        self.person = person
        self._waiting = asyncio.Queue[bytes](QUEUE)
        self._missed = 0

    def tell(self, message: bytes) -> None:
        """Put a message into the queue, if there is room and nothing was missed before it."""
        if self._missed or self._waiting.full():
            self._missed += 1
        else:
            self._waiting.put_nowait(message)

    async def next(self, within_s: float) -> bytes | None:
        """Wait for the next message; None if there is none in time. When some were missed, one says how many."""
        if self._missed and self._waiting.empty():
            missed, self._missed = self._missed, 0
            return format_sse_event(event="overrun", data_str=f'{{"missed":{missed}}}')
        try:
            async with asyncio.timeout(within_s):
                return await self._waiting.get()
        except TimeoutError:
            return None


class Live:
    """Who listens, and the change stream for them."""

    def __init__(self) -> None:
        self._readers: set[Reader] = set()
        self._wanted = asyncio.Event()
        self.is_open = False
        self._position: Mapping[str, Any] | None = None

    @contextmanager
    def reading(self, person: UUID) -> Iterator[Reader]:
        """
        Listen during the block.

        Raises:
            TooManyStreams: The person has 8 in this process (429).
            TooManyReaders: There are 32 in this process (503).
        """
        if sum(reader.person == person for reader in self._readers) >= MAX_OF_ONE:
            raise TooManyStreams
        if len(self._readers) >= MAX_READERS:
            raise TooManyReaders
        reader = Reader(person)
        if self.is_open:
            reader.tell(OPEN)
        self._readers.add(reader)
        self._wanted.set()
        try:
            yield reader
        finally:
            self._readers.discard(reader)
            if not self._readers:
                self._wanted.clear()
                self._position = None  # whoever comes next wants to know what is new, not what has been

    async def follow(self, database: MotorDatabase) -> None:
        """Wait for the first reader, and tell all of them what is stored until the last has left. To be repeated."""
        await self._wanted.wait()
        try:
            await self._tell_all(database)
        except OperationFailure:
            self._position = None  # it may be too old to go on from
            raise

    async def _tell_all(self, database: MotorDatabase) -> None:
        stored = database[EVENTS].watch(_STORED, resume_after=self._position, max_await_time_ms=_LOOK_EVERY_MS)
        async with stored as stream:
            try:
                while self._readers:
                    self._tell_next(await stream.try_next())
                    self._position = stream.resume_token
                self._position = None
            finally:
                self.is_open = False  # before it is closed, which takes time: who comes meanwhile needs another one

    def _tell_next(self, change: Mapping[str, Any] | None) -> None:
        if not self.is_open:
            self.is_open = True
            self._tell(OPEN)
        if change:
            self._tell(_message(change["fullDocument"]))

    def _tell(self, message: bytes) -> None:
        for reader in self._readers:
            reader.tell(message)


def _message(document: Document) -> bytes:
    told = {"id": document["_id"], **{name: document.get(name) for name in _TOLD}}
    return format_sse_event(id=told["id"], data_str=strict_json.dumps(told).decode())
