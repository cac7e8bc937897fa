"""Draws the figures of a run as one picture of several panels. The same figures produce the same bytes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Row = dict[str, Any]
"""A series of figures, as in the JSON."""

_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "benchmarks",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "legend.frameon": False,
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a panel."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    colour: str
    marker: str = "o"
    style: str = "-"


@dataclass(frozen=True, slots=True)
class Bars:
    """Named bars, each with its colour."""

    names: Sequence[str]
    colours: Sequence[str]


def chart_file(name: str) -> Path:
    """Return the path of the chart of a benchmark's latest run."""
    return Path(f"docs/images/{name}-benchmark.svg")


def draw_chart(
    file: Path,
    result: Mapping[str, Any],
    draw: Callable[[dict[str, Any], Figure], None],
    *,
    headline: str,
    size: tuple[float, float],
) -> None:
    """
    Draw into *file* as an SVG.

    Args:
        result: The content of the JSON.
        headline: What was measured; ``{processor}``, ``{cores}`` and ``{python}`` are filled in from *result*.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained", facecolor="white")
        draw(dict(result), figure)
        title = f"{headline.format_map(result['machine'])}, {result['date'][:10]}"
        figure.suptitle(title, x=0.01, ha="left", fontsize=9, color="#444444")
        file.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})


def bars(axes: Axes, bars: Bars, values: Sequence[float], *, title: str, label: str) -> None:
    """Draw a bar for each value, the first on top, with its number beside it."""
    axes.set_title(title)
    _bars(axes, bars, values, unit="")
    axes.set_xlabel(label)


def latency(axes: Axes, bars: Bars, rows: Iterable[Row], *, label: str, unit: str = "") -> None:
    """Draw the median latency of each row, and the 99th percentile in a pale colour behind it."""
    every = list(rows)
    axes.set_title("Latency: p50, and p99 pale")
    _bars(axes, bars, [row["p99_ms"] for row in every], alpha=0.45, unit=unit)
    axes.barh(bars.names, [row["p50_ms"] for row in every], color=bars.colours)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel(label)


def stacked(  # noqa: PLR0913 - what a panel has
    axes: Axes,
    names: Sequence[str],
    parts: Mapping[str, Sequence[float]],
    colours: Mapping[str, str],
    *,
    title: str,
    label: str,
    text: Callable[[Sequence[float]], str] = lambda parts: f"{sum(parts):,.0f}",
) -> None:
    """Draw bars of *parts*; beside each is the *text* made of its parts."""
    axes.set_title(title)
    left = [0.0] * len(names)
    for part, width in parts.items():
        drawn = axes.barh(names, width, left=left, color=colours[part], label=part)
        left = [begun + more for begun, more in zip(left, width, strict=True)]
    axes.bar_label(drawn, [text(of_one) for of_one in zip(*parts.values(), strict=True)], padding=3)
    axes.invert_yaxis()
    _make_room(axes)
    axes.set_xlabel(label)


def lines(
    axes: Axes, lines: Iterable[Line], *, title: str, x_label: str, y_label: str, logarithmic: bool = False
) -> None:
    """Draw lines over the same ticks, from 0 up, or with both axes *logarithmic*."""
    axes.set_title(title)
    every = list(lines)
    for one in every:
        axes.plot(one.x, one.y, one.style, color=one.colour, marker=one.marker, label=one.label)
    if logarithmic:
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:,.0f}")
    else:
        axes.set_ylim(bottom=0)
    axes.set_xticks(sorted({x for one in every for x in one.x}))
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)


def _bars(axes: Axes, bars: Bars, values: Sequence[float], *, unit: str, alpha: float = 1.0) -> None:
    drawn = axes.barh(bars.names, values, color=bars.colours, alpha=alpha)
    axes.bar_label(drawn, [f"{value:,.0f}{unit}" for value in values], padding=3)
    axes.invert_yaxis()
    _make_room(axes)


def _make_room(axes: Axes) -> None:
    """Leave space for the labels beside the bars, and none for lines between them."""
    axes.margins(x=0.3)
    axes.grid(visible=False, axis="y")
