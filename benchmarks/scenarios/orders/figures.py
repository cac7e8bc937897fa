"""The figures of a run: how they are stored, shown and drawn, and their targets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from rich.table import Table

from benchmarks.chart import Bars, Line, Row, bars, latency, lines, stacked
from benchmarks.measurement import Series
from benchmarks.report import doubts, make_table, targets_table
from benchmarks.results import Result, Target, compare
from benchmarks.scenarios.orders.sides import NAMES
from benchmarks.scenarios.orders.stores import OURS, PLAIN, USUAL

BUSY = 32
"""Concurrent orders for the target, and for added workers."""
MANY_PRODUCTS = 20
_TARGETS = {PLAIN: 0.5, USUAL: 1.5}
"""The least ratio of our throughput to a peer's."""
_PARTS = ("order", "product", "PostgreSQL", "events")
_COLOURS = {OURS: "#0b5fa5", PLAIN: "#d95f0e", USUAL: "#756bb1"}
_PART_COLOURS = {
    "customer": "#bdbdbd", "order": "#0b5fa5", "product": "#6baed6", "PostgreSQL": "#74c476", "events": "#fdae6b",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """
    The condition under which both sides are measured.

    Attributes:
        products: The number of products; with one, all orders update the same row.
    """

    concurrency: int = BUSY
    products: int = MANY_PRODUCTS
    workers: int = 1

    def __str__(self) -> str:
        """Concurrent orders, products, workers."""
        return f"{self.concurrency}/{self.products}/{self.workers}"


def results(figures: Sequence[Series[Condition]]) -> Iterator[Result]:
    """Compare the throughput of each condition with many concurrent orders with the targets."""
    rounds = {(one.side, one.condition): one.rounds for one in figures}
    for condition in dict.fromkeys(one.condition for one in figures):
        if condition.concurrency == BUSY:
            for peer, least in _TARGETS.items():
                target = Target(f"throughput, ours / {peer}: {condition}", least)
                yield compare(target, lambda one: one.per_second, rounds[OURS, condition], rounds[peer, condition])


def row(one: Series[Condition]) -> Row:
    """Return all figures of a series."""
    return {
        "side": one.side,
        "name": NAMES[one.side],
        "concurrency": one.condition.concurrency,
        "products": one.condition.products,
        "workers": one.condition.workers,
        "rounds": len(one.rounds),
        "quiet_rounds": one.quiet_rounds,
        "orders": one.calls,
        "errors": dict(one.errors),
        "per_second": round(one.median(lambda one: one.per_second), 1),
        "per_second_of_each_round": [round(one.per_second, 1) for one in one.rounds],
        "p50_ms": round(one.median(lambda one: one.p50_ms), 2),
        "p99_ms": round(one.median(lambda one: one.p99_ms), 2),
        "cpu_us_per_order": {part: round(value) for part, value in _cpu_us(one).items()},
        "commits_per_order": round(one.median(lambda one: one.per_call(one.counts["commits"])), 2),
        "log_flushes_per_order": round(one.median(lambda one: one.per_call(one.counts["flushes"])), 2),
        "seconds_until_last_event": round(one.median(lambda one: one.drain_s), 2),
        "cores_busy_with_others": round(one.median(lambda one: one.others), 2),
    }


def _cpu_us(one: Series[Condition]) -> dict[str, float]:
    return {"customer": one.median(lambda one: one.client_us)} | {part: one.part_us(part) for part in _PARTS}


def tables(figures: Sequence[Series[Condition]]) -> Iterator[Table]:
    """Return the tables of a run."""
    rows = {f"{one.side} {one.condition}": row(one) for one in figures}
    names = "per_second", "p50_ms", "p99_ms", "commits_per_order", "log_flushes_per_order", "seconds_until_last_event"
    columns = "orders/s", "p50 ms", "p99 ms", "tx", "flushes", "drain s"
    cells = [(text, *(f"{one[name]:,}" for name in names)) for text, one in rows.items()]
    yield make_table("Orders (at a time/products/workers)", columns, cells)
    cpu = {text: list(one["cpu_us_per_order"].values()) for text, one in rows.items()}
    cells = [(text, *(f"{value:,}" for value in (*used, sum(used)))) for text, used in cpu.items()]
    yield make_table("CPU per order, us", ("customer", *_PARTS, "all"), cells)
    yield targets_table("Ratios", results(figures))


def notes(figures: Sequence[Series[Condition]], cores: int) -> Iterator[str]:
    """Yield notes on the limits of the figures, and on errors."""
    yield "Medians of the quiet rounds. CPU in microseconds per order, until its event has arrived, all processes."
    yield (
        f"Customer, services and databases share {cores} cores: once they are busy, more workers add nothing, and "
        "throughput is what CPU per order leaves."
    )
    yield from doubts(figures)


def draw(result: dict[str, Any], figure: Figure) -> None:
    """Draw the cost of an order, and the effect of more workers."""
    axes = figure.subplots(2, 2)
    all_busy = [row for row in result["series"] if row["concurrency"] == BUSY]
    busy = [row for row in all_busy if row["workers"] == 1]
    names = [f"{NAMES[row['side']]},\n{_products(row['products'])}" for row in busy]
    looks = Bars(names, [_COLOURS[row["side"]] for row in busy])
    bars(axes[0, 0], looks, [row["per_second"] for row in busy], title="Throughput", label="orders per second")
    latency(axes[0, 1], looks, busy, label="milliseconds, logarithmic")
    many = [row for row in busy if row["products"] == MANY_PRODUCTS]
    parts = {part: [row["cpu_us_per_order"].get(part, 0) for row in many] for part in _PART_COLOURS}
    title, label = "Where the CPU of an order goes", "microseconds per order, all processes"
    stacked(axes[1, 0], [NAMES[row["side"]] for row in many], parts, _PART_COLOURS, title=title, label=label)
    axes[1, 0].legend(loc="lower right")
    x_label = "processes of order and of product, each"
    lines(axes[1, 1], _workers(all_busy), title="More workers", x_label=x_label, y_label="orders per second")
    axes[1, 1].legend(loc="best", fontsize=8)


def _workers(rows: Sequence[Row]) -> Iterator[Line]:
    for side in NAMES:
        for products, style in ((MANY_PRODUCTS, "-"), (1, ":")):
            line = [row for row in rows if (row["side"], row["products"]) == (side, products)]
            points = [row["workers"] for row in line], [row["per_second"] for row in line]
            yield Line(f"{NAMES[side]}, {_products(products)}", *points, _COLOURS[side], style=style)


def _products(count: int) -> str:
    return "one product" if count == 1 else f"{count} products"
