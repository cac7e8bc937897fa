"""What all charts have in common."""

from typing import Any

from matplotlib.axes import Axes

STYLE: dict[Any, Any] = {
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
"""For ``rc_context``: the same figures give the same bytes."""


def make_room(axes: Axes) -> None:
    """Leave space for the labels behind the bars, and none for lines between them."""
    axes.margins(x=0.3)
    axes.grid(visible=False, axis="y")
