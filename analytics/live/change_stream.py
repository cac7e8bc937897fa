"""
New events, sent to all readers of this process from one change stream.

The stream is open while there are readers, and resumes where it stopped after a failure.
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
"""Streams of one person, so that one person cannot use up all of them."""
QUEUE = 500
"""How many events are buffered for a slow reader."""
_LOOK_EVERY_MS = 500
"""How long the database waits for a change before it answers; then the number of readers is checked again."""

TOLD = ("type", "occurred_at", "received_at", "subject", "user_id")
_STORED: list[Document] = [
    {"$match": {"operationType": "insert"}},
    {"$project": {f"fullDocument.{name}": 1 for name in ("_id", *TOLD)}},
]
OPEN = format_sse_event(event="open", data_str="{}")
"""From here on nothing is missed."""


class TooManyReaders(ServiceUnavailable):
    """The process has as many readers as it can serve."""

    code = "too_many_readers"
    message = "The limit of live event streams is reached; try again later."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "10"})


class TooManyStreams(TooManyRequests):
    """One person has as many streams as a person may."""

    code = "too_many_streams"
    message = f"You have {MAX_OF_ONE} live event streams open already: close one of them."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "10"})


class Reader:
    """
    One stream to a client. Events that arrive while the queue is full are dropped and counted.

    Attributes:
        person: The owner of the stream.
    """

    def __init__(self, person: UUID) -> None:
        self.person = person
        self._waiting = asyncio.Queue[bytes](QUEUE)
        self._missed = 0

    def tell(self, message: bytes) -> None:
        """Queue a message, if there is room and none was dropped before it."""
        if self._missed or self._waiting.full():
            self._missed += 1
        else:
            self._waiting.put_nowait(message)

    async def next(self, within_s: float) -> bytes | None:
        """Wait for the next message; None if none arrives in time. If some were dropped, a message reports how many."""
        if self._missed and self._waiting.empty():
            missed, self._missed = self._missed, 0
            return format_sse_event(event="overrun", data_str=f'{{"missed":{missed}}}')
        try:
            async with asyncio.timeout(within_s):
                return await self._waiting.get()
        except TimeoutError:
            return None


class Live:
    """The readers of this process, and the change stream for them."""

    def __init__(self) -> None:
        self._readers: set[Reader] = set()
        self._wanted = asyncio.Event()
        self.is_open = False
        self._position: Mapping[str, Any] | None = None

    @contextmanager
    def reading(self, person: UUID) -> Iterator[Reader]:
        """
        Register a reader for the block.

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
                self._position = None  # the next reader wants new events, not old ones

    async def follow(self, database: MotorDatabase) -> None:
        """Wait for the first reader, then send new events to all readers until the last has left. To be repeated."""
        await self._wanted.wait()
        try:
            await self._tell_all(database)
        except OperationFailure:
            self._position = None  # it may be too old to resume from
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
                self.is_open = False  # before closing it, which takes time: a new reader meanwhile needs another stream

    def _tell_next(self, change: Mapping[str, Any] | None) -> None:
        if not self.is_open:
            self.is_open = True
            self._tell(OPEN)
        if change:
            self._tell(event_message(change["fullDocument"]))

    def _tell(self, message: bytes) -> None:
        for reader in self._readers:
            reader.tell(message)


def event_message(document: Document) -> bytes:
    """Return the message about an event."""
    told = {"id": document["_id"], **{name: document.get(name) for name in TOLD}}
    return format_sse_event(id=told["id"], data_str=strict_json.dumps(told).decode())
