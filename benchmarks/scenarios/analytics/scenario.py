"""Measures how fast statistics of 30 days are answered, while the history grows."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from analytics.counting.rebuild_counts import rebuild_counts
from analytics.models import EVENTS
from benchmarks.deployment import Deployed
from benchmarks.load import Load, Taken
from benchmarks.machine import busy_seconds
from benchmarks.measurement import Measurement
from benchmarks.processes import Child, tree_cpu_s
from benchmarks.scenarios.analytics.asking import ask
from benchmarks.scenarios.analytics.figures import Answers
from benchmarks.scenarios.analytics.growing import OnProgress, grow
from benchmarks.scenarios.analytics.history import DAYS
from benchmarks.scenarios.analytics.plan import OURS, STEPS, Plan
from benchmarks.scenarios.analytics.stores import Stores
from cli.mongodb import opened

_SPANS = 500
_BACK = timedelta(hours=1, minutes=1, seconds=1)
"""Each question is about as many days, which end so much before the last one's."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks, and what is asked."""

    stores: Stores
    service: int
    child: Child
    until: datetime

    def spans(self) -> list[tuple[datetime, datetime]]:
        """Give many different spans of 30 days that all of them have events, as a person's clock gives them."""
        ends = [self.until - n * _BACK for n in range(_SPANS)]
        return [(end - timedelta(days=DAYS), end) for end in ends]

    def ask(self, load: Load) -> Measurement:
        """Ask the service."""
        queries = [urlencode({"from": start.isoformat(), "to": end.isoformat()}) for start, end in self.spans()]
        used, everybody = self._cpu_s(), busy_seconds()
        taken = self.child.ask((queries, load))
        assert isinstance(taken, Taken)
        used = self._cpu_s() - used
        others = max(0.0, (busy_seconds() - everybody - used - taken.cpu_s) / taken.seconds)
        return Measurement(taken, used, others)

    def aggregate(self, turn: int) -> Measurement:
        """Add up the events instead, by day and type."""
        start, end = self.spans()[turn]
        used, everybody, begun = self.stores.cpu_s(), busy_seconds(), time.perf_counter()
        with self.stores.open(OURS) as database:
            assert list(database[EVENTS].aggregate(_per_day_and_type(start, end)))
        seconds, used = time.perf_counter() - begun, self.stores.cpu_s() - used
        others = max(0.0, (busy_seconds() - everybody - used) / seconds)
        return Measurement(Taken(1, {}, seconds, 0.0, seconds, seconds), used, others)

    def _cpu_s(self) -> float:
        return tree_cpu_s(self.service) + self.stores.cpu_s()


def measure_answers(
    plan: Plan, stores: Stores, services: Deployed, on_turn: Callable[[str], None]
) -> Iterator[Answers]:
    """Let the history grow to each size, and measure at each."""
    until, grown = datetime.now(UTC), 0
    with Child(ask, services.address("analytics")) as child:
        child.ready()
        asked = _Asked(stores, services.pids["analytics"], child, until)
        for size in plan.sizes:
            took = _grow(stores, range(grown, size), until, on_turn)
            grown = size
            on_turn(f"{size:,} events: statistics by the service")
            asked.ask(Load(1, 20, 0.0, plan.longest))  # warms it up
            rounds = [asked.ask(plan.asking) for _ in range(plan.rounds)]
            on_turn(f"{size:,} events: statistics from the events")
            raw = [asked.aggregate(turn) for turn in range(plan.aggregated)]
            yield Answers(size, rounds, raw, **took, gigabytes=stores.bytes() / 1e9)


def _grow(stores: Stores, events: range, until: datetime, on_turn: Callable[[str], None]) -> Mapping[str, float]:
    """Insert more events, then index and count all; gives the seconds of each."""
    url, size = stores.urls[OURS], f"{events.stop:,} events"
    inserting = _telling(on_turn, f"{size}: inserting {len(events):,}")
    counting = _telling(on_turn, f"{size}: counting")
    with stores.open(OURS) as database:
        database[EVENTS].drop_indexes()
    return {
        "grown_s": _seconds(lambda: grow(url, events, until, inserting)),
        "indexed_s": _seconds(stores.index),
        "rebuilt_s": _seconds(lambda: asyncio.run(_rebuild(url, counting))),
    }


def _seconds(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _telling(on_turn: Callable[[str], None], text: str) -> OnProgress:
    """Give what is told how much is done of how much, and makes turns of it."""
    told = 0

    def tell(done: int, all_: int) -> None:
        nonlocal told
        for _ in range(done * STEPS // all_ - told):
            told += 1
            on_turn(f"{text}, {done / all_:.0%}")

    return tell


async def _rebuild(url: str, on_part: OnProgress) -> None:
    async with opened(url) as database:
        await rebuild_counts(database, on_part)


def _per_day_and_type(start: datetime, end: datetime) -> list[dict[str, Any]]:
    day = {"$dateToString": {"date": "$occurred_at", "format": "%Y-%m-%d"}}
    return [
        {"$match": {"occurred_at": {"$gte": start, "$lt": end}}},
        {"$group": {"_id": {"day": day, "type": "$type"}, "count": {"$sum": 1}}},
    ]
