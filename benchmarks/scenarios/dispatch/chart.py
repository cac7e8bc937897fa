"""The figures of a run as one picture: what it costs to call, and how that grows. The same figures, the same bytes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from benchmarks.chart import make_room, picture
from benchmarks.scenarios.dispatch.scenario import BUSY, SIZES_CONCURRENCY

Row = dict[str, Any]
"""A series, as it stands in the JSON."""

_COLOURS = {"a": "#0b5fa5", "b": "#6baed6", "c": "#d95f0e", "d": "#fdae6b", "e": "#969696", "f": "#525252"}
_MARKERS = {"a": "o", "b": "s", "c": "^"}


def draw(result: dict[str, Any], file: Path) -> None:
    """Draw *result*, the content of the JSON, into an SVG."""
    headline = (
        f"One product by its id, {result['comparison'][0]['answer_bytes']} B; one client process, one server process. "
        "{processor}, {cores} cores for both, Python {python}"
    )
    with picture(file, result, headline, (10, 9.6)) as figure:
        axes = figure.subplots(3, 2)
        rows = [row for row in result["comparison"] if row["concurrency"] == BUSY]
        _throughput(axes[0, 0], rows)
        _latency(axes[0, 1], rows)
        _cpu(axes[1, 0], rows, f"CPU per call, {BUSY} concurrent")
        _cpu(
            axes[1, 1], [row for row in result["comparison"] if row["concurrency"] == 1], "CPU per call, one at a time"
        )
        _sizes(axes[2, 0], result["growth_of_answers"])
        _workers(axes[2, 1], result["growth_of_workers"])


def _throughput(axes: Axes, rows: Sequence[Row]) -> None:
    axes.set_title("Throughput")
    _bars(axes, rows, lambda row: row["per_second"])
    axes.set_xlabel(f"calls per second, {BUSY} concurrent")


def _latency(axes: Axes, rows: Sequence[Row]) -> None:
    axes.set_title("Latency: p50, and p99 pale")
    _bars(axes, rows, lambda row: row["p99_ms"], alpha=0.45, unit=" ms")
    axes.barh(_names(rows), [row["p50_ms"] for row in rows], color=[_COLOURS[row["candidate"]] for row in rows])
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel(f"milliseconds, {BUSY} concurrent, logarithmic")


def _cpu(axes: Axes, rows: Sequence[Row], title: str) -> None:
    axes.set_title(title)
    client, server = ([row[f"{side}_cpu_us_per_call"] for row in rows] for side in ("client", "server"))
    axes.barh(_names(rows), client, color="#0b5fa5", label="client")
    bars = axes.barh(_names(rows), server, left=client, color="#9ecae1", label="server")
    axes.bar_label(bars, [f"{there} + {here}" for there, here in zip(client, server, strict=True)], padding=3)
    axes.invert_yaxis()
    make_room(axes)
    axes.set_xlabel("microseconds, all threads of the process")
    if rows and rows[0]["concurrency"] == BUSY:  # elsewhere the colours mean the same
        axes.legend(loc="upper right")


def _sizes(axes: Axes, rows: Sequence[Row]) -> None:
    axes.set_title("Larger answers")
    _lines(axes, rows, "answer_bytes", lambda row: row["client_cpu_us_per_call"] + row["server_cpu_us_per_call"])
    axes.set_xscale("log")
    axes.set_yscale("log")
    sizes = sorted({row["answer_bytes"] for row in rows})
    axes.set_xticks(sizes, [_size(bytes_) for bytes_ in sizes])
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel(f"answer, {SIZES_CONCURRENCY} concurrent calls, logarithmic")
    axes.set_ylabel("microseconds of CPU per call,\nclient and server, logarithmic")


def _workers(axes: Axes, rows: Sequence[Row]) -> None:
    axes.set_title("More workers")
    _lines(axes, rows, "workers", lambda row: row["per_second"])
    axes.set_ylim(bottom=0)
    axes.set_xticks(sorted({row["workers"] for row in rows}))
    axes.set_xlabel(f"server processes; {BUSY} concurrent calls of one client")
    axes.set_ylabel("calls per second")


def _bars(
    axes: Axes, rows: Sequence[Row], value: Callable[[Row], float], *, alpha: float = 1.0, unit: str = ""
) -> None:
    colours = [_COLOURS[row["candidate"]] for row in rows]
    bars = axes.barh(_names(rows), [value(row) for row in rows], color=colours, alpha=alpha)
    axes.bar_label(bars, [f"{value(row):,.0f}{unit}" for row in rows], padding=3)
    axes.invert_yaxis()
    make_room(axes)


def _lines(axes: Axes, rows: Sequence[Row], across: str, value: Callable[[Row], float]) -> None:
    for key in sorted({row["candidate"] for row in rows}):
        mine = [row for row in rows if row["candidate"] == key]
        points = [row[across] for row in mine], [value(row) for row in mine]
        axes.plot(*points, color=_COLOURS[key], marker=_MARKERS[key], label=_names(mine)[0])
    axes.legend(loc="best")


def _size(bytes_: int) -> str:
    for unit, factor in (("MB", 1_000_000), ("kB", 1_000)):
        if bytes_ >= factor:
            return f"{bytes_ // factor} {unit}"
    return f"{bytes_} B"


def _names(rows: Sequence[Row]) -> list[str]:
    return [f"({row['candidate']}) {row['name']}" for row in rows]
