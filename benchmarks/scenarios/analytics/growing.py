"""Filling the events' collection by hand: faster than through the service, and with events of the past."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection, wait

from pymongo import MongoClient, WriteConcern

from analytics.models import EVENTS
from benchmarks.processes import Child
from benchmarks.scenarios.analytics.history import SHARES, Document, History, make_documents

_CHUNK = 5_000
_PROCESSES = 2

OnProgress = Callable[[int, int], None]
"""Told how much is done, of how much."""


@dataclass(frozen=True, slots=True)
class _Share:
    """What one of the processes makes: every so manieth chunk of the events."""

    history: History
    turn: int

    def chunks(self) -> list[range]:
        starts = range(self.history.events.start + self.turn * _CHUNK, self.history.events.stop, _PROCESSES * _CHUNK)
        return [range(start, min(start + _CHUNK, self.history.events.stop)) for start in starts]


def grow(url: str, events: range, until: datetime, on_events: OnProgress) -> None:
    """Insert events of the days until a moment, without waiting for the disk."""
    history = History(until, events)
    with ExitStack() as stack:
        children = [stack.enter_context(Child(_insert, url, _Share(history, turn))) for turn in range(_PROCESSES)]
        growing, done = {child.pipe for child in children}, 0
        while growing:
            for pipe in wait(growing):
                assert isinstance(pipe, Connection)
                inserted = pipe.recv()
                done += inserted
                on_events(done, len(events))
                if not inserted:
                    growing.discard(pipe)


def _insert(pipe: Connection, url: str, share: _Share) -> None:
    """Insert a share; says after each chunk how many that were, and 0 in the end."""
    with MongoClient[Document](url) as client:
        events = client.get_default_database().get_collection(EVENTS, write_concern=WriteConcern(1))
        for numbers in share.chunks():
            events.insert_many(make_documents(numbers, share.history.moment, SHARES), ordered=False)
            pipe.send(len(numbers))
    pipe.send(0)
    pipe.poll(None)  # until it is read, and we are ended
