"""Storing events, with the service and with MongoDB by hand, and querying statistics while the history grows."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from analytics.commands import make_write_key
from analytics.models import EVENTS
from benchmarks.deployment import Deployed, deploy
from benchmarks.load import Load, Taken, Task, run_client
from benchmarks.measurement import Series
from benchmarks.processes import Child
from benchmarks.results import results_as_json
from benchmarks.runner import DoesNotWork, OnTurn, Rounds, Side, Turn
from benchmarks.scenario import Scenario
from benchmarks.scenarios.analytics.clients import (
    BATCH,
    SEND,
    Prepare,
    insert_batches,
    send_batches,
    stats_of,
)
from benchmarks.scenarios.analytics.figures import (
    NAMES,
    Answers,
    Figures,
    answers_row,
    draw,
    notes,
    results,
    side_row,
    tables,
)
from benchmarks.scenarios.analytics.history import DAYS, STEPS, grow
from benchmarks.scenarios.analytics.stores import OURS, PLAIN, Stores, open_stores
from cli.dev.secrets import ensure_secrets
from cli.links import links

_WORKERS = {"analytics": 2, "user": 1}
_FIRST = 10**9
"""The number of the first sent event: those of the history are lower."""
_SPANS = 500
_BACK = timedelta(hours=1, minutes=1, seconds=1)
"""Each query covers as many days, and ends this much before the last one's."""


@dataclass(frozen=True, slots=True)
class Plan:
    """
    The size of the measurements.

    Attributes:
        batches: The number in one measurement of a side.
        senders: The number of concurrent batches.
        sizes: The sizes of the history, in events; the larger contains the smaller.
        asked: The number of queries to the service in each round.
        aggregated: The number of aggregations of the raw events instead.
        longest: The maximum length of one measurement, in seconds.
    """

    rounds: int
    batches: int
    senders: int
    sizes: tuple[int, ...]
    asked: int
    aggregated: int
    longest: float = 120.0

    def sending(self, number: int) -> Turn:
        """Return the turn of a side in a round, with events that it has not sent before."""
        first = _FIRST + number * BATCH * (self.batches + self.senders)
        return Turn(Prepare(first, Load(self.senders, self.batches, 0.0, self.longest)), SEND)

    @property
    def turns(self) -> int:
        """The number of measurements in a run."""
        return 2 * self.rounds + len(self.sizes) * (2 * STEPS + 2)


FULL = Plan(rounds=5, batches=240, senders=4, sizes=(1_000_000, 10_000_000), asked=300, aggregated=3)
# Small histories: recounting a million events takes longer than all else of a short run.
QUICK = Plan(rounds=2, batches=80, senders=4, sizes=(30_000, 300_000), asked=150, aggregated=2)


def measure(plan: Plan, folder: Path, on_turn: OnTurn) -> Figures:
    """
    Measure everything.

    Raises:
        DoesNotWork: A side fails from the start.
        NotReady: A service does not start.
    """
    secrets = ensure_secrets(folder / "secrets.json", links())
    with (
        open_stores(folder, secrets) as stores,
        deploy(stores.environment, secrets, folder, _WORKERS, ANALYTICS_PUBLIC_STATS="true") as services,
    ):
        sides = _measure_sending(plan, stores, services, on_turn)
        stores.empty()
        return Figures(sides, list(_measure_answers(plan, stores, services, on_turn)))


def _measure_sending(plan: Plan, stores: Stores, services: Deployed, on_turn: OnTurn) -> list[Series[str]]:
    """Let both sides store the same events, in turn."""
    with _senders(stores, services) as sides:
        for side in sides:
            side.run(Prepare(_FIRST // 2, Load(1, 4, 0.0, 10.0)))
            if errors := side.measure(SEND).taken.errors:
                raise DoesNotWork(f"{side.name}: {next(iter(errors))}")
        condition = f"{plan.batches} batches of {BATCH}"
        return Rounds(on_turn).measure(sides, [condition], plan.rounds, lambda _side, _, number: plan.sending(number))


@contextmanager
def _senders(stores: Stores, services: Deployed) -> Iterator[list[Side]]:
    key = asyncio.run(make_write_key(stores.urls[OURS], "benchmark"))
    with (
        Child(send_batches, services.address("analytics"), key) as ours,
        Child(insert_batches, stores.urls[PLAIN]) as plain,
    ):
        ours.ready()
        plain.ready()
        service, mongodb = {"service": [services.pids["analytics"]]}, {"MongoDB": [stores.mongodb.pid]}
        yield [
            Side(OURS, NAMES[OURS], ours.ask, service | mongodb, stores.wait_until_counted),
            Side(PLAIN, NAMES[PLAIN], plain.ask, mongodb, stores.wait_until_counted),
        ]


def _measure_answers(plan: Plan, stores: Stores, services: Deployed, on_turn: OnTurn) -> Iterator[Answers]:
    """Let the history grow to each size, and measure at each the latency of statistics of 30 days."""
    until, written = datetime.now(UTC), 0
    with Child(run_client, stats_of, services.address("analytics")) as child:
        child.ready()
        mongodb = {"MongoDB": [stores.mongodb.pid]}
        service = Side(OURS, "the service", child.ask, {"service": [services.pids["analytics"]], **mongodb})
        raw = Side(PLAIN, "the events", lambda turn: _aggregate(stores, *_spans(until)[turn]), mongodb)
        queries = [urlencode({"from": start.isoformat(), "to": end.isoformat()}) for start, end in _spans(until)]
        asking, warm_up = Load(1, plan.asked, 0.0, plan.longest), Load(1, 20, 0.0, plan.longest)
        for size in plan.sizes:
            took = grow(stores, range(written, size), until, on_turn)
            written = size
            on_turn(f"{size:,} events: statistics by {service.name}")
            service.try_once(queries[:1])
            service.run(Task(warm_up, queries))
            rounds = [service.measure(Task(asking, queries)) for _ in range(plan.rounds)]
            on_turn(f"{size:,} events: statistics from {raw.name}")
            aggregated = [raw.measure(turn) for turn in range(plan.aggregated)]
            yield Answers(Series(OURS, size, rounds), Series(PLAIN, size, aggregated), stores.bytes() / 1e9, took)


def _spans(until: datetime) -> list[tuple[datetime, datetime]]:
    """Return many different spans of 30 days, all with events, as a person's clock would choose them."""
    ends = [until - number * _BACK for number in range(_SPANS)]
    return [(end - timedelta(days=DAYS), end) for end in ends]


def _aggregate(stores: Stores, start: datetime, end: datetime) -> Taken:
    """Compute the same from the events, by day and type."""
    day = {"$dateToString": {"date": "$occurred_at", "format": "%Y-%m-%d"}}
    pipeline: list[dict[str, Any]] = [
        {"$match": {"occurred_at": {"$gte": start, "$lt": end}}},
        {"$group": {"_id": {"day": day, "type": "$type"}, "count": {"$sum": 1}}},
    ]
    begun = time.perf_counter()
    with stores.open(OURS) as database:
        assert list(database[EVENTS].aggregate(pipeline))
    seconds = time.perf_counter() - begun
    return Taken(1, {}, seconds, 0.0, seconds, seconds)


def _content(plan: Plan, figures: Figures) -> dict[str, Any]:
    return {
        "plan": asdict(plan),
        "ratios": results_as_json(results(figures)),
        "storing": list(map(side_row, figures.sides)),
        "answers": list(map(answers_row, figures.answers)),
    }


SCENARIO = Scenario(
    name="analytics",
    packages=(
        "aiohttp", "fastapi", "gunicorn", "motor", "orjson", "pydantic", "pymongo", "starlette", "uvicorn", "uvloop",
    ),
    measure=measure,
    tables=tables,
    notes=notes,
    content=_content,
    draw=draw,
    headline=(
        f"Analytics, {BATCH} events a batch. "
        "{processor}, {cores} cores for senders, service and MongoDB, Python {python}"
    ),
    size=(10, 3.4),
)  # fmt: skip
