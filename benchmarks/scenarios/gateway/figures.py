"""The figures of a run: how they are stored and shown, and their targets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.table import Table

from benchmarks.chart import Row
from benchmarks.measurement import Series
from benchmarks.report import doubts, make_table, targets_table
from benchmarks.results import Result, Target, compare
from benchmarks.scenarios.gateway.stack import BY_HAND, BY_ID, BY_TEXT, COUNTED, DIRECT, GATEWAY, NAMES
from benchmarks.scenarios.gateway.subscriptions import Held

BUSY = 32
"""Concurrent requests for the targets."""
READ, PLACE, READ_PAGE = "read an order", "place an order", "a page of 20 orders"
_SHARE = 0.5
"""The least share of a service's throughput that remains through the gateway."""
_LONGER = 2.0
"""The largest ratio of the 99th percentiles of the latency."""
_PAGES = 1.0
"""The least ratio of the throughput of GraphQL to that of the page composed by hand."""
_PUSH_MS = 100.0
"""The 99th percentile of the time from a change to its event, at most."""
_PARTS = ("gateway", "by hand", "order", "product", "user", "PostgreSQL", "events")


@dataclass(frozen=True, slots=True)
class Condition:
    """A request, and how many of it are under way at a time."""

    request: str
    concurrency: int = BUSY

    def __str__(self) -> str:
        return f"{self.request}, {self.concurrency} at a time"


REQUESTS = [Condition(request, concurrency) for request in (READ, PLACE) for concurrency in (1, BUSY)]
COUNTING = [Condition(READ)]
PAGES = [Condition(READ_PAGE, concurrency) for concurrency in (1, BUSY)]


@dataclass(frozen=True, slots=True)
class Figures:
    """
    All figures of a run.

    Attributes:
        requests: Directly and through the gateway.
        counting: Through the gateway without limits, and with limits that refuse none.
        pages: By GraphQL and by hand.
    """

    requests: Sequence[Series[Condition]]
    counting: Sequence[Series[Condition]]
    pages: Sequence[Series[Condition]]
    held: Held


def results(figures: Figures) -> Iterator[Result]:
    """Compare all figures with the targets."""
    for condition in (one for one in REQUESTS if one.concurrency == BUSY):
        through, direct = (_of(figures.requests, side, condition) for side in (GATEWAY, DIRECT))
        speed = Target(f"throughput, gateway / direct: {condition}", _SHARE)
        yield compare(speed, lambda one: one.per_second, through.rounds, direct.rounds)
        p99 = Target(f"p99, gateway / direct: {condition}", _LONGER, at_most=True)
        yield compare(p99, lambda one: one.p99_ms, through.rounds, direct.rounds)
    page = Condition(READ_PAGE)
    for side in (BY_ID, BY_TEXT):
        target = Target(f"throughput, {NAMES[side]} / {NAMES[BY_HAND]}", _PAGES)
        ours, by_hand = (_of(figures.pages, one, page) for one in (side, BY_HAND))
        yield compare(target, lambda one: one.per_second, ours.rounds, by_hand.rounds)
    held = figures.held
    push = Target(f"p99 ms from a change to its event, {held.subscriptions:,} held", _PUSH_MS, at_most=True)
    yield Result(push, held.delay_ms(99), held.delay_ms(0.01), held.delay_ms(100))


def row(one: Series[Condition]) -> Row:
    """Return all figures of a series."""
    return {
        "side": one.side,
        "name": NAMES[one.side],
        "request": one.condition.request,
        "concurrency": one.condition.concurrency,
        "rounds": len(one.rounds),
        "quiet_rounds": one.quiet_rounds,
        "calls": one.calls,
        "errors": dict(one.errors),
        "per_second": round(one.median(lambda one: one.per_second), 1),
        "p50_ms": round(one.median(lambda one: one.p50_ms), 2),
        "p99_ms": round(one.median(lambda one: one.p99_ms), 2),
        "cpu_us": {part: round(value) for part, value in _cpu_us(one).items()},
        "cores_busy_with_others": round(one.median(lambda one: one.others), 2),
    }


def held_row(held: Held) -> Row:
    """Return the figures of held subscriptions."""
    return {
        "subscriptions": held.subscriptions,
        "opened_per_second": round(held.opened_per_second),
        "kib_each": round(held.kib_each, 1),
        "idle_cores_gateway": round(held.idle_cores, 3),
        "idle_cores_behind": round(held.idle_behind, 3),
        "changes": held.changes,
        "arrived": len(held.delays_s),
        "delay_p50_ms": round(held.delay_ms(50), 1),
        "delay_p99_ms": round(held.delay_ms(99), 1),
    }


def tables(figures: Figures) -> Iterator[Table]:
    """Return the tables of a run."""
    for title, series in (("Requests", figures.requests), ("Pages", figures.pages), ("Counting", figures.counting)):
        rows = {f"{one.condition}: {one.side}": row(one) for one in series}
        cells = [
            (text, *(f"{one[name]:,}" for name in ("per_second", "p50_ms", "p99_ms"))) for text, one in rows.items()
        ]
        yield make_table(title, ("1/s", "p50 ms", "p99 ms"), cells)
        used = [(text, [one["cpu_us"].get(part, 0) for part in ("client", *_PARTS)]) for text, one in rows.items()]
        columns = ("client", *_PARTS, "all")
        yield make_table("CPU, us", columns, [(text, *(f"{us:,}" for us in (*one, sum(one)))) for text, one in used])
    held = held_row(figures.held)
    yield make_table("Subscriptions", ("",), [(name.replace("_", " "), f"{value:,}") for name, value in held.items()])
    yield targets_table("Targets", results(figures))


def notes(figures: Figures, cores: int) -> Iterator[str]:
    """Yield notes on the limits of the figures, and on errors."""
    yield f"Medians of the quiet rounds; client, gateway, services and databases share {cores} cores."
    yield f"Counting a request costs the gateway and PostgreSQL {_counting_us(figures):,.0f} us of CPU."
    yield from doubts([*figures.requests, *figures.counting, *figures.pages])


def _counting_us(figures: Figures) -> float:
    counted, uncounted = (
        sum(_of(figures.counting, side, COUNTING[0]).part_us(part) for part in ("gateway", "PostgreSQL"))
        for side in (COUNTED, GATEWAY)
    )
    return counted - uncounted


def _cpu_us(one: Series[Condition]) -> dict[str, float]:
    used = {part: one.part_us(part) for part in _PARTS}
    return {"client": one.median(lambda one: one.client_us)} | {part: us for part, us in used.items() if us}


def _of(series: Sequence[Series[Condition]], side: str, condition: Condition) -> Series[Condition]:
    return next(one for one in series if (one.side, one.condition) == (side, condition))
