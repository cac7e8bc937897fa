"""The figures of a run as one picture. The same figures, the same bytes."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from benchmarks.chart import picture
from benchmarks.scenarios.scale.plan import CONCURRENCY

_COLOURS = ("#0b5fa5", "#6baed6", "#d95f0e")

_HEADLINE = (
    f"{CONCURRENCY} orders at a time. {{processor}}, {{cores}} cores for customer, nginx, services and databases"
)


def draw(result: dict[str, Any], file: Path) -> None:
    """Draw *result*, the content of the JSON, into an SVG."""
    with picture(file, result, _HEADLINE, (10, 3.6)) as figure:
        left, right = figure.subplots(1, 2)
        _lines(left, result, "Throughput", "orders per second", "per_second")
        _lines(right, result, "CPU of an order, all processes", "milliseconds", "cpu_ms_per_order")


def _lines(axes: Axes, result: dict[str, Any], title: str, label: str, name: str) -> None:
    axes.set_title(title)
    rows = result["steps"]
    for colour, workers in zip(_COLOURS, sorted({row["workers"] for row in rows}), strict=False):
        line = [row for row in rows if row["workers"] == workers]
        points = [row["replicas"] for row in line], [_number(row[name]) for row in line]
        axes.plot(*points, color=colour, marker="o", label=f"{workers} per replica")
    axes.set_ylim(bottom=0)
    axes.set_xticks(sorted({row["replicas"] for row in rows}))
    axes.set_xlabel("replicas of each service")
    axes.set_ylabel(label)
    axes.legend(title="workers", loc="best", fontsize=8)


def _number(value: float | dict[str, float]) -> float:
    return sum(value.values()) if isinstance(value, dict) else value
