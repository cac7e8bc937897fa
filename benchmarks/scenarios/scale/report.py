"""Shows the figures of a run on the terminal."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.measurement import NOISY
from benchmarks.report import make_table
from benchmarks.scenarios.scale.figures import Broken, FailingOver, Figures, Recovery
from benchmarks.scenarios.scale.plan import CONCURRENCY, PARTS, RECOVERED_S

_SHOWN = 3


def show(console: Console, figures: Sequence[Figures], failing: FailingOver, machine: dict[str, Any]) -> None:
    """Print tables, and what is to be kept in mind."""
    console.print(f"\n{machine['processor']}, {machine['cores']} cores, Python {machine['python']}")
    console.print(_steps(figures))
    console.print(_cpu(figures))
    console.print(_recoveries(failing.recoveries))
    for note in _notes(figures, failing, machine):
        console.print(f"- {note}", highlight=False)


def broken_rules(figures: Sequence[Figures], failing: FailingOver) -> list[str]:
    """Name each rule that does not hold, with where and what breaks it."""
    where: list[tuple[str, Broken]] = [(one.step.text, one.broken) for one in figures]
    return [
        f"{name}: {rule}; {len(ids)} differ: {', '.join(map(str, ids[:_SHOWN]))}"
        for name, broken in [*where, ("failing over", failing.broken)]
        for rule, ids in broken.items()
    ]


def _steps(figures: Sequence[Figures]) -> Table:
    columns = "orders/s", "p50 ms", "p99 ms", "busy", "idle", "MiB", "failed", "invariants"
    table = make_table(f"Workers x replicas of each service, {CONCURRENCY} orders at a time", *columns)
    for one in figures:
        measurement = one.turn.measurement
        cells = f"{measurement.per_second:,.0f}", f"{measurement.p50_ms:,.0f}", f"{measurement.p99_ms:,.0f}"
        cores = f"{one.busy_cores:.2f}", f"{one.idle_cores:.2f}"
        failed = str(sum(measurement.taken.errors.values()))
        holds = "[red]broken[/red]" if one.broken else "[green]hold[/green]"
        table.add_row(one.step.text, *cells, *cores, f"{one.memory_mib:,.0f}", failed, holds)
    return table


def _cpu(figures: Sequence[Figures]) -> Table:
    table = make_table("CPU per order, ms", "customer", *PARTS, "all", "idle")
    for one in figures:
        used = one.cpu_ms
        table.add_row(one.step.text, *(f"{value:.1f}" for value in (*used.values(), sum(used.values()), one.idle_ms)))
    return table


def _recoveries(recoveries: Sequence[Recovery]) -> Table:
    columns = "order", "event", "failing", "failed", "of", f"<= {RECOVERED_S:g} s"
    table = make_table("Killed: seconds until acknowledged again, and until the last request failed", *columns)
    for one in recoveries:
        verdict = "[green]met[/green]" if one.is_met else "[red]missed[/red]"
        seconds = ("never" if value is None else f"{value:.2f}" for value in (one.order_s, one.event_s, one.failing_s))
        table.add_row(one.killed, *seconds, str(one.failures.total()), str(one.requests), verdict)
    return table


def _notes(figures: Sequence[Figures], failing: FailingOver, machine: dict[str, Any]) -> Iterator[str]:
    cores = machine["cores"]
    yield (
        f"Customer, services, nginx and databases share {cores} cores: more workers and replicas cannot add throughput "
        "there. What an order costs in each step is what can be known."
    )
    yield "Busy, idle: how many cores are at work, from the first order to the last event, and when nobody orders."
    yield "What is used when nobody orders is part of what an order costs: all has idle in it."
    yield "PostgreSQL is both, primary and standby; a commit waits until it is on both. MongoDB is in events."
    told = failing.acknowledged
    yield f"While failing over, {told['orders']:,} orders and {told['events']:,} events were acknowledged."
    for one in failing.recoveries:
        if one.failures:
            kinds = ", ".join(f"{times} {escape(kind)}" for kind, times in one.failures.most_common())
            yield f"Without {one.killed}: {kinds}."
    for figure in figures:
        for error, times in figure.turn.measurement.taken.errors.items():
            yield f"[red]{figure.step.text}: {times} orders failed ({escape(error)})[/red]"
    if noisy := [one.step.text for one in figures if not one.turn.measurement.is_quiet]:
        yield f"[yellow]Disturbed: {', '.join(noisy)}; over {NOISY:g} cores did something else.[/yellow]"
