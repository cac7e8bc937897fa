"""The run as a picture: the orders completed per second, and the faults in that time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chaos.scenarios.orders.faults import KILLS

_WIDTH, _LEFT, _RIGHT = 1000, 90, 20
_TOP, _CURVE, _LANE = 48, 200, 22
_LANES = tuple(dict.fromkeys(target.partition(" ")[0] for target in KILLS))
_POINTS = 240
"""The approximate number of points of the curve; seconds are averaged for it."""
_TICKS = 8
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)

_STYLE = """<style>
text { font: 12px sans-serif; fill: #444 } .title { font-weight: bold; font-size: 14px }
.curve { fill: #9ecae1; stroke: #0b5fa5 } .grid { stroke: #ddd } .kill { stroke: #d7301f; stroke-width: 1.2 }
.pause { fill: #fdae6b }
</style>"""


def draw(report: dict[str, Any], file: Path) -> None:
    """Draw *report*, the content of the JSON, as an SVG. The same figures produce the same bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    height = _TOP + _CURVE + 40 + _LANE * len(_LANES) + 30
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">'
    background = f'<rect width="{_WIDTH}" height="{height}" fill="white"/>'
    parts = [opening, _STYLE, background, *_headline(report), *_curve(report), *_lanes(report), "</svg>"]
    file.write_text("\n".join(parts) + "\n", encoding="utf-8")


def bins(per_second: Sequence[int], most: int = _POINTS) -> tuple[int, list[float]]:
    """Average seconds until there are at most *most* points; returns the number of seconds in each, and the means."""
    width = max(1, -(-len(per_second) // most))
    groups = [per_second[start : start + width] for start in range(0, len(per_second), width)]
    return width, [sum(group) / len(group) for group in groups]


def _headline(report: dict[str, Any]) -> Iterator[str]:
    kills, pauses = report["kills"]["total"], report["pauses"]["total"]
    verdict = "everything agrees afterwards" if not report["broken"] else "something does not agree afterwards"
    yield f'<text class="title" x="{_LEFT}" y="20">Orders a second under {kills} kills and {pauses} pauses</text>'
    machine = report["machine"]
    yield (
        f'<text x="{_LEFT}" y="38">{report["attempts"]:,} attempts, {verdict}. Seed {report["plan"]["seed"]}, '
        f"{machine['cores']} cores, {report['date'][:10]}</text>"
    )


def _curve(report: dict[str, Any]) -> Iterator[str]:
    width, rates = bins(report["per_second"])
    highest = max(*rates, 1.0)
    base = _TOP + _CURVE
    for share in (0.5, 1.0):
        y = base - _CURVE * share * 0.95
        yield f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{highest * share:.0f}/s</text>'
    points = [
        f"{_x(report, (index + 0.5) * width):.1f},{base - _CURVE * 0.95 * rate / highest:.1f}"
        for index, rate in enumerate(rates)
    ]
    yield f'<polygon class="curve" points="{_LEFT},{base} {" ".join(points)} {_WIDTH - _RIGHT},{base}"/>'
    step = next((step for step in _STEPS if len(report["per_second"]) / step <= _TICKS), _STEPS[-1])
    for second in range(0, len(report["per_second"]), step):
        label = f"{second // 60}:{second % 60:02}"
        yield f'<text x="{_x(report, second):.1f}" y="{base + 18}" text-anchor="middle">{label}</text>'


def _lanes(report: dict[str, Any]) -> Iterator[str]:
    top = _TOP + _CURVE + 40
    for lane, name in enumerate(_LANES):
        y = top + lane * _LANE
        yield f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{name}</text>'
        yield f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y + _LANE}" y2="{y + _LANE}"/>'
    for at, target, pause_s in report["hits"]:
        name, _, part = target.partition(" ")
        y, x = top + _LANES.index(name) * _LANE, _x(report, at)
        if pause_s is None:
            yield f'<line class="kill" x1="{x:.1f}" x2="{x:.1f}" y1="{y + (12 if part else 3)}" y2="{y + _LANE - 2}"/>'
        else:
            wide = max(_x(report, at + pause_s) - x, 1.0)
            yield f'<rect class="pause" x="{x:.1f}" y="{y + 12}" width="{wide:.1f}" height="{_LANE - 14}"/>'
    y = top + _LANE * len(_LANES) + 18
    legend = "Red: killed with SIGKILL; tall: all of it, short: one worker or backend. Orange: stopped with SIGSTOP."
    yield f'<text x="{_LEFT}" y="{y}">{legend}</text>'


def _x(report: dict[str, Any], second: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * min(1.0, second / max(1, len(report["per_second"])))
