from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from chaos.scenarios.orders.chart import bins, draw
from chaos.scenarios.orders.faults import KILLS, PAUSES

REPORT: dict[str, Any] = {
    "date": "2026-11-21T12:00+00:00",
    "machine": {"cores": 2},
    "plan": {"seed": 1},
    "attempts": 60,
    "kills": {"total": 2},
    "pauses": {"total": 1},
    "broken": {},
    "per_second": [10, 20, 30],
    "hits": [*([0.5, target, None] for target in KILLS), *([2.0, target, 0.7] for target in PAUSES)],
}


def test_a_chart_marks_every_hit(tmp_path: Path) -> None:
    """The chart is well-formed, and has a line for each kill and a bar for each pause."""
    draw(REPORT, tmp_path / "chaos.svg")

    classes = [element.get("class") for element in ET.parse(tmp_path / "chaos.svg").iter()]  # noqa: S314 - our own
    assert (classes.count("kill"), classes.count("pause"), classes.count("curve")) == (len(KILLS), len(PAUSES), 1)


def test_seconds_are_put_together_for_a_long_run() -> None:
    """There are at most the requested number of points, and each is the mean of its seconds."""
    assert bins([1, 3, 5, 7, 9], most=3) == (2, [2, 6, 9])
    assert bins([], most=3) == (1, [])
