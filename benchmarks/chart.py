"""What all charts have in common."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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


@contextmanager
def picture(file: Path, result: Mapping[str, Any], headline: str, size: tuple[float, float]) -> Iterator[Figure]:
    """
    Give an empty picture, which is written into *file* as an SVG at the end of the block: the same, the same bytes.

    Args:
        result: The content of the JSON: the processor in *headline*, and the day, are from there.
        headline: What was measured, with ``{processor}``, ``{cores}`` and ``{python}`` where these belong.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained", facecolor="white")
        yield figure
        told = f"{headline.format_map(result['machine'])}, {result['date'][:10]}"
        figure.suptitle(told, x=0.01, ha="left", fontsize=9, color="#444444")
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})


def stacked(axes: Axes, names: Sequence[str], parts: Mapping[str, Sequence[float]], colours: Mapping[str, str]) -> None:
    """Draw bars of parts, with their sums behind them."""
    left = [0.0] * len(names)
    for part, width in parts.items():
        bars = axes.barh(names, width, left=left, color=colours[part], label=part)
        left = [begun + more for begun, more in zip(left, width, strict=True)]
    axes.bar_label(bars, [f"{all_:,.0f}" for all_ in left], padding=3)
    axes.invert_yaxis()
    make_room(axes)


def make_room(axes: Axes) -> None:
    """Leave space for the labels behind the bars, and none for lines between them."""
    axes.margins(x=0.3)
    axes.grid(visible=False, axis="y")
