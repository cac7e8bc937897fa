"""The figures of a run as one picture. The same figures, the same bytes."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.charts import STYLE
from benchmarks.scale.plan import CONCURRENCY

_COLOURS = ("#0b5fa5", "#6baed6", "#d95f0e")


def draw(result: dict[str, Any], file: Path) -> None:
    """Draw *result*, the content of the JSON, into an SVG."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10, 3.6), layout="constrained", facecolor="white")
        left, right = figure.subplots(1, 2)
        _lines(left, result, "Throughput", "orders per second", "per_second")
        _lines(right, result, "CPU of an order, all processes", "milliseconds", "cpu_ms_per_order")
        figure.suptitle(_headline(result), x=0.01, ha="left", fontsize=9, color="#444444")
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})


def _headline(result: dict[str, Any]) -> str:
    machine, day = result["machine"], result["date"][:10]
    return (
        f"{CONCURRENCY} orders at a time. {machine['processor']}, {machine['cores']} cores for customer, nginx, "
        f"services and databases, {day}"
    )


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
