"""The figures of a run: how they are stored, shown and drawn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.markup import escape
from rich.table import Table

from benchmarks.chart import Line, Row, lines
from benchmarks.measurement import Measurement, Series
from benchmarks.report import doubts, make_table, verdict
from benchmarks.scenarios.scale.failing import Broken, FailingOver
from benchmarks.scenarios.scale.fleet import Step
from benchmarks.scenarios.scale.recovery import RECOVERED_S, Recovery

CONCURRENCY = 32
"""Concurrent orders, in every step."""
_PARTS = ("order", "product", "events", "PostgreSQL", "nginx")
"""The parts that use CPU; `events` is analytics with all of MongoDB, and the user service."""
_COLOURS = ("#0b5fa5", "#6baed6", "#d95f0e")
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class StepFigures:
    """
    The figures of a step.

    Attributes:
        idle_cores: The cores that services and databases use without any load.
        memory_mib: The memory of all replicas.
    """

    step: Step
    measurement: Measurement
    idle_cores: float
    memory_mib: float
    broken: Broken

    @property
    def cpu_ms(self) -> dict[str, float]:
        """Milliseconds of CPU per order, of the customer and of each part."""
        customer = {"customer": self.measurement.client_us / 1e3}
        return customer | {part: self.measurement.part_us(part) / 1e3 for part in _PARTS}

    @property
    def idle_ms(self) -> float:
        """Milliseconds of CPU used in the time of an order even without one; ``cpu_ms`` includes them."""
        return self.idle_cores / self.measurement.per_second * 1e3

    @property
    def busy_cores(self) -> float:
        """The average number of cores busy with the load, until the last event had arrived."""
        taken = self.measurement.taken
        return (taken.cpu_s + self.measurement.servers_cpu_s) / (taken.seconds + self.measurement.drain_s)


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of a run."""

    steps: Sequence[StepFigures]
    failing: FailingOver


def row(one: StepFigures) -> Row:
    """Return all figures of a step."""
    measurement = one.measurement
    return {
        "workers": one.step.workers,
        "replicas": one.step.replicas,
        "orders": measurement.taken.calls,
        "errors": measurement.taken.errors,
        "per_second": round(measurement.per_second, 1),
        "p50_ms": round(measurement.p50_ms, 1),
        "p99_ms": round(measurement.p99_ms, 1),
        "cpu_ms_per_order": {part: round(value, 2) for part, value in one.cpu_ms.items()},
        "idle_ms_per_order": round(one.idle_ms, 2),
        "busy_cores": round(one.busy_cores, 2),
        "cores_busy_with_others": round(measurement.others, 2),
        "idle_cores": round(one.idle_cores, 2),
        "memory_mib": round(one.memory_mib),
        "seconds_until_last_event": round(measurement.drain_s, 2),
    }


def breaches(figures: Figures) -> list[str]:
    """Return each broken rule, with its step and the entries that break it."""
    where = [(str(one.step), one.broken) for one in figures.steps]
    return [
        f"The databases do not agree. {name}: {rule}; {len(ids)} differ: {', '.join(map(str, ids[:_SHOWN]))}"
        for name, broken in [*where, ("failing over", figures.failing.broken)]
        for rule, ids in broken.items()
    ]


def tables(figures: Figures) -> Iterator[Table]:
    """Return the tables of a run."""
    columns = "orders/s", "p50 ms", "p99 ms", "busy", "idle", "MiB", "failed", "invariants"
    title = f"Workers x replicas of each service, {CONCURRENCY} orders at a time"
    yield make_table(title, columns, map(_step_cells, figures.steps))
    cpu = [(str(one.step), [*one.cpu_ms.values(), sum(one.cpu_ms.values()), one.idle_ms]) for one in figures.steps]
    cells = [(text, *(f"{value:.1f}" for value in used)) for text, used in cpu]
    yield make_table("CPU per order, ms", ("customer", *_PARTS, "all", "idle"), cells)
    seconds = "order", "event", "failing", "failed", "of", f"<= {RECOVERED_S:g} s"
    title = "Killed: seconds until acknowledged again, and until the last request failed"
    yield make_table(title, seconds, map(_recovery_cells, figures.failing.recoveries))


def _step_cells(one: StepFigures) -> tuple[str, ...]:
    measurement = one.measurement
    speed = f"{measurement.per_second:,.0f}", f"{measurement.p50_ms:,.0f}", f"{measurement.p99_ms:,.0f}"
    use = f"{one.busy_cores:.2f}", f"{one.idle_cores:.2f}", f"{one.memory_mib:,.0f}"
    holds = "[red]broken[/red]" if one.broken else "[green]hold[/green]"
    return str(one.step), *speed, *use, str(sum(measurement.taken.errors.values())), holds


def _recovery_cells(one: Recovery) -> tuple[str, ...]:
    seconds = ("never" if value is None else f"{value:.2f}" for value in (one.order_s, one.event_s, one.failing_s))
    return one.killed, *seconds, str(one.failures.total()), str(one.requests), verdict(is_met=one.is_met)


def notes(figures: Figures, cores: int) -> Iterator[str]:
    """Yield notes on the limits of the figures, and on errors."""
    yield (
        f"Customer, services, nginx and databases share {cores} cores: more workers and replicas cannot add throughput "
        "there. Only the cost of an order in each step is meaningful."
    )
    yield "Busy, idle: the number of cores in use, from the first order to the last event, and without orders."
    yield "The CPU used without orders is part of the cost of an order: all includes idle."
    yield "PostgreSQL is both, primary and standby; a commit waits until it is on both. MongoDB is in events."
    acknowledged = figures.failing.acknowledged
    orders, events = acknowledged["orders"], acknowledged["events"]
    yield f"While failing over, {orders:,} orders and {events:,} events were acknowledged."
    for one in figures.failing.recoveries:
        if one.failures:
            kinds = ", ".join(f"{times} {escape(kind)}" for kind, times in one.failures.most_common())
            yield f"Without {one.killed}: {kinds}."
    yield from doubts(Series("orders", step.step, [step.measurement]) for step in figures.steps)


def draw(result: dict[str, Any], figure: Figure) -> None:
    """Draw the effect of more workers and replicas."""
    left, right = figure.subplots(1, 2)
    rows = result["steps"]
    _draw_lines(left, rows, "Throughput", "orders per second", [row["per_second"] for row in rows])
    cpu = [sum(row["cpu_ms_per_order"].values()) for row in rows]
    _draw_lines(right, rows, "CPU of an order, all processes", "milliseconds", cpu)


def _draw_lines(axes: Axes, rows: Sequence[Row], title: str, label: str, values: Sequence[float]) -> None:
    every = list[Line]()
    for colour, workers in zip(_COLOURS, sorted({row["workers"] for row in rows}), strict=False):
        points = [
            (row["replicas"], value) for row, value in zip(rows, values, strict=True) if row["workers"] == workers
        ]
        every.append(Line(f"{workers} per replica", [x for x, _ in points], [y for _, y in points], colour))
    lines(axes, every, title=title, x_label="replicas of each service", y_label=label)
    axes.legend(title="workers", loc="best", fontsize=8)
