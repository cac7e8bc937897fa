"""The figures of a run as one picture. The same figures, the same bytes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from benchmarks.chart import make_room, picture, stacked
from benchmarks.scenarios.orders.plan import BUSY, MANY_PRODUCTS, NAMES, OURS, PLAIN

Row = dict[str, Any]
"""A series, as it stands in the JSON."""

_COLOURS = {OURS: "#0b5fa5", PLAIN: "#d95f0e"}
_PART_COLOURS = {
    "customer": "#bdbdbd", "order": "#0b5fa5", "product": "#6baed6", "PostgreSQL": "#74c476", "events": "#fdae6b",
}  # fmt: skip

_HEADLINE = (
    f"Placing an order, {BUSY} at a time. {{processor}}, {{cores}} cores for customer, services and databases, "
    "Python {python}"
)


def draw(result: dict[str, Any], file: Path) -> None:
    """Draw *result*, the content of the JSON, into an SVG."""
    rows: list[Row] = result["series"]
    with picture(file, result, _HEADLINE, (10, 6.6)) as figure:
        axes = figure.subplots(2, 2)
        busy = [row for row in rows if row["workers"] == 1 and row["concurrency"] == BUSY]
        _bars(axes[0, 0], busy, "Throughput", "orders per second", lambda row: row["per_second"])
        _latency(axes[0, 1], busy)
        _cpu(axes[1, 0], [row for row in busy if row["products"] == MANY_PRODUCTS])
        _workers(axes[1, 1], [row for row in rows if row["concurrency"] == BUSY])


def _bars(
    axes: Axes, rows: Sequence[Row], title: str, label: str, value: Callable[[Row], float], *, alpha: float = 1.0
) -> None:
    axes.set_title(title)
    bars = axes.barh(_names(rows), [value(row) for row in rows], color=_colours(rows), alpha=alpha)
    axes.bar_label(bars, [f"{value(row):,.0f}" for row in rows], padding=3)
    axes.invert_yaxis()
    make_room(axes)
    axes.set_xlabel(label)


def _latency(axes: Axes, rows: Sequence[Row]) -> None:
    label = "milliseconds, logarithmic"
    _bars(axes, rows, "Latency: p50, and p99 pale", label, lambda row: row["p99_ms"], alpha=0.45)
    axes.barh(_names(rows), [row["p50_ms"] for row in rows], color=_colours(rows))
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")


def _cpu(axes: Axes, rows: Sequence[Row]) -> None:
    axes.set_title("Where the CPU of an order goes")
    parts = {part: [row["cpu_us_per_order"].get(part, 0) for row in rows] for part in _PART_COLOURS}
    stacked(axes, [NAMES[row["side"]] for row in rows], parts, _PART_COLOURS)
    axes.set_xlabel("microseconds per order, all processes")
    axes.legend(loc="lower right")


def _workers(axes: Axes, rows: Sequence[Row]) -> None:
    axes.set_title("More workers")
    for side in (OURS, PLAIN):
        for products, style in ((MANY_PRODUCTS, "-"), (1, ":")):
            line = [row for row in rows if (row["side"], row["products"]) == (side, products)]
            points = [row["workers"] for row in line], [row["per_second"] for row in line]
            axes.plot(*points, style, color=_COLOURS[side], marker="o", label=f"{NAMES[side]}, {_products(products)}")
    axes.set_ylim(bottom=0)
    axes.set_xticks(sorted({row["workers"] for row in rows}))
    axes.set_xlabel("processes of order and of product, each")
    axes.set_ylabel("orders per second")
    axes.legend(loc="best", fontsize=8)


def _names(rows: Sequence[Row]) -> list[str]:
    return [f"{NAMES[row['side']]},\n{_products(row['products'])}" for row in rows]


def _products(count: int) -> str:
    return "one product" if count == 1 else f"{count} products"


def _colours(rows: Sequence[Row]) -> list[str]:
    return [_COLOURS[row["side"]] for row in rows]
