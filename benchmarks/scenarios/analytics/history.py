"""A history of realistic events, the same in every run, and how it is written into the database by hand."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import pi, sin
from multiprocessing.connection import Connection, wait
from random import Random

from pymongo import MongoClient, WriteConcern

from analytics.commands import analytics_database
from analytics.counting.rebuild_counts import rebuild_counts
from analytics.models import EVENTS
from benchmarks.processes import Child
from benchmarks.runner import OnTurn
from benchmarks.scenarios.analytics.stores import OURS, Stores
from chassis.mongodb.database import Document

OnProgress = Callable[[int, int], None]
"""Called with the number of events done, and the total."""
STEPS = 20
"""The number of progress steps in which the history grows."""

DAYS = 30
USERS = 50_000
CONFIRMED = "order.confirmed"
SHARES = {
    "page.viewed": 50.0,
    "item.viewed": 18.0,
    "search.made": 9.0,
    "cart.added": 6.0,
    "login.made": 5.0,
    "checkout.begun": 3.0,
    "newsletter.opened": 2.5,
    CONFIRMED: 2.0,
    "video.played": 1.5,
    "cart.emptied": 1.5,
    "account.made": 1.0,
    "support.asked": 0.5,
}
"""Types of events, with their share in a hundred."""
CLIENTS_SHARES = {kind: share for kind, share in SHARES.items() if kind != CONFIRMED}
"""The same, for events that clients send."""

_CHUNK = 5_000
_PROCESSES = 2
_ANONYMOUS = 0.3
"""Share of the events without a person."""
_PATHS = [f"/shelf/{n % 12}/item-{n}" for n in range(400)]
_REFERRERS = ["https://search.example", "https://news.example/today", "newsletter", ""]
_DEVICES = ["desktop", "phone", "phone", "tablet"]
_TERMS = ["teapot", "kettle", "blue cup", "gift for my sister", "tea towel"]


@dataclass(frozen=True, slots=True)
class History:
    """Events, numbered by time, over the days until a moment; noon is busier than midnight."""

    until: datetime
    events: range

    def moment(self, number: int) -> datetime:
        """Return the time of an event."""
        day, share = divmod((number - self.events.start) / len(self.events) * DAYS, 1.0)
        return self.until - timedelta(days=DAYS - day - share + 0.8 * sin(2 * pi * share) / (2 * pi))


def make_documents(numbers: range, moment: Callable[[int], datetime], shares: Mapping[str, float]) -> list[Document]:
    """Make events of some types, in their stored form."""
    random = Random(numbers.start)  # noqa: S311 - no secret
    kinds = random.choices(list(shares), list(shares.values()), k=len(numbers))
    return [_document(random, number, kind, moment(number)) for number, kind in zip(numbers, kinds, strict=True)]


def _document(random: Random, number: int, kind: str, moment: datetime) -> Document:
    person = f"00000000-0000-7000-8000-{int(USERS * random.random() ** 3):012x}"  # some do far more than others
    is_nobodys = random.random() < _ANONYMOUS and kind != CONFIRMED
    document = {
        "_id": f"00000000-0000-7000-9000-{number:012x}",
        "type": kind,
        "source": "/clients",
        "subject": None,
        "user_id": None if is_nobodys else person,
        "anonymous_id": None,
        "occurred_at": moment,
        "received_at": moment,
    }
    if kind == CONFIRMED:
        return {**document, "source": "/services/order", **_order(random, number)}
    return {**document, "data": _properties(random)}


def _properties(random: Random) -> Document:
    return {
        "path": _PATHS[int(400 * random.random() ** 2)],
        "referrer": random.choice(_REFERRERS),
        "device": random.choice(_DEVICES),
        "term": random.choice(_TERMS),
        "duration_ms": int(20_000 * random.random()),
        "screen": {"width": 1280, "height": 720},
    }


def _order(random: Random, number: int) -> Document:
    price, quantity = 99 + int(20_000 * random.random()), 1 + int(3 * random.random())
    product_id = f"00000000-0000-7000-a000-{int(200 * random.random() ** 2):012x}"
    item = {"product_id": product_id, "quantity": quantity, "unit_price_minor": price}
    order_id, total = f"00000000-0000-7000-b000-{number:012x}", price * quantity
    data = {"items": [item], "total_price_minor": total, "currency": "EUR", "cause": "committed"}
    return {"subject": order_id, "data": data, "revenue": {"currency": "EUR", "minor": total}}


def grow(stores: Stores, events: range, until: datetime, on_turn: OnTurn) -> Mapping[str, float]:
    """Insert more events, then index and recount all; returns the seconds of each step."""
    url, size = stores.urls[OURS], f"{events.stop:,} events"
    inserting = _in_steps(on_turn, f"{size}: inserting {len(events):,}")
    counting = _in_steps(on_turn, f"{size}: counting")
    with stores.open(OURS) as database:
        database[EVENTS].drop_indexes()
    return {
        "insert": _seconds(lambda: _write(url, events, until, inserting)),
        "index": _seconds(stores.index),
        "rebuild": _seconds(lambda: asyncio.run(_rebuild(url, counting))),
    }


def _seconds(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _in_steps(on_turn: OnTurn, text: str) -> OnProgress:
    """Return a callback for the progress, which turns it into steps."""
    steps = 0

    def on_progress(done: int, all_: int) -> None:
        nonlocal steps
        for _ in range(done * STEPS // all_ - steps):
            steps += 1
            on_turn(f"{text}, {done / all_:.0%}")

    return on_progress


async def _rebuild(url: str, on_part: OnProgress) -> None:
    async with analytics_database(url) as database:
        await rebuild_counts(database, on_part)


@dataclass(frozen=True, slots=True)
class _Share:
    """The share of one process: every second chunk of the events, if there are two processes."""

    history: History
    turn: int

    def chunks(self) -> list[range]:
        starts = range(self.history.events.start + self.turn * _CHUNK, self.history.events.stop, _PROCESSES * _CHUNK)
        return [range(start, min(start + _CHUNK, self.history.events.stop)) for start in starts]


def _write(url: str, events: range, until: datetime, on_events: OnProgress) -> None:
    """Insert the events of the days until a moment: faster than through the service, without waiting for the disk."""
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
    """Insert a share; sends the number of events after each chunk, and 0 at the end."""
    with MongoClient[Document](url) as client:
        events = client.get_default_database().get_collection(EVENTS, write_concern=WriteConcern(1))
        for numbers in share.chunks():
            events.insert_many(make_documents(numbers, share.history.moment, SHARES), ordered=False)
            pipe.send(len(numbers))
    pipe.send(0)
    pipe.poll(None)  # until the parent has read it, and ends this process
