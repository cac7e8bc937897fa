"""The figures of a run as one picture. The same figures, the same bytes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from benchmarks.chart import make_room, picture, stacked
from benchmarks.scenarios.analytics.plan import BATCH, NAMES, OURS, PARTS, PLAIN

Row = dict[str, Any]
"""A side, or the answers at a size, as they stand in the JSON."""

_COLOURS = {OURS: "#0b5fa5", PLAIN: "#d95f0e"}

_HEADLINE = (
    f"Analytics, {BATCH} events a batch. "
    "{processor}, {cores} cores for senders, service and MongoDB, Python {python}"
)


def draw(result: dict[str, Any], file: Path) -> None:
    """Draw *result*, the content of the JSON, into an SVG."""
    with picture(file, result, _HEADLINE, (10, 3.4)) as figure:
        axes = figure.subplots(1, 3)
        _storing(axes[0], result["storing"])
        _cpu(axes[1], result["storing"])
        _answers(axes[2], result["answers"])


def _storing(axes: Axes, rows: Sequence[Row]) -> None:
    axes.set_title("Storing events")
    names, values = [NAMES[row["side"]] for row in rows], [row["events_per_second"] for row in rows]
    bars = axes.barh(names, values, color=[_COLOURS[row["side"]] for row in rows])
    axes.bar_label(bars, [f"{value:,}" for value in values], padding=3)
    axes.invert_yaxis()
    make_room(axes)
    axes.set_xlabel("events per second")


def _cpu(axes: Axes, rows: Sequence[Row]) -> None:
    axes.set_title("Where the CPU of an event goes")
    parts = {part: [row["cpu_us_per_event"].get(part, 0) for row in rows] for part in PARTS}
    stacked(axes, [NAMES[row["side"]] for row in rows], parts, PARTS)
    axes.set_yticklabels([])
    axes.set_xlabel("microseconds per event, until it is counted")
    axes.legend(loc="lower right", fontsize=8)


def _answers(axes: Axes, rows: Sequence[Row]) -> None:
    axes.set_title("Statistics of 30 days")
    sizes = [row["events"] for row in rows]
    axes.loglog(sizes, [row["raw_ms"] for row in rows], marker="o", color=_COLOURS[PLAIN], label="raw $group")
    axes.loglog(sizes, [row["p99_ms"] for row in rows], ":", marker="o", color=_COLOURS[OURS], label="service, p99")
    axes.loglog(sizes, [row["p50_ms"] for row in rows], marker="o", color=_COLOURS[OURS], label="service, p50")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.margins(x=0.25)
    axes.set_ylim(bottom=1)
    axes.yaxis.set_major_formatter("{x:,g}")
    axes.set_xlabel("events in all")
    axes.set_ylabel("milliseconds, logarithmic")
    axes.legend(loc="best", fontsize=8)
