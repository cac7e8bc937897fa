"""The benchmark as a command: measure and show."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from rich.console import Console

from benchmarks.measurement import NOISY, errors_of
from benchmarks.report import make_table, targets_table
from benchmarks.results import with_progress
from benchmarks.scenarios.observability.plan import EVERYTHING, NAMES, OFF, ON, Plan
from benchmarks.scenarios.observability.scenario import measure
from benchmarks.scenarios.orders.figures import Turn
from benchmarks.targets import Result, Target, hold_against

_LEAST = 0.9
"""Of the throughput must remain, with what is delivered."""

Measured = Mapping[str, Sequence[Turn]]


def run(plan: Plan) -> None:
    """Measure what watching costs, and show it."""
    console = Console()
    measured = with_progress(lambda on_turn: measure(plan, on_turn), plan.turns, console)
    table = make_table("Orders, 32 at a time", "orders/s", "p50 ms", "p99 ms", "CPU of order and product, ms")
    for key, turns in measured.items():
        rounds = [one.measurement for one in turns]
        figures = ([one.per_second for one in rounds], [one.p50_ms for one in rounds], [one.p99_ms for one in rounds])
        table.add_row(NAMES[key], *(f"{median(one):,.1f}" for one in figures), f"{median(map(_cpu_ms, turns)):.2f}")
    console.print(table)
    console.print(targets_table("Throughput", _results(measured)))
    for note in _notes(measured):
        console.print(f"- {note}", highlight=False)


def _results(measured: Measured) -> Iterator[Result]:
    off = [one.measurement for one in measured[OFF]]
    for key in (ON, EVERYTHING):
        target = Target(f"{NAMES[key]} / {NAMES[OFF]}", key, OFF, lambda one: one.per_second, _LEAST)
        yield hold_against(target, [one.measurement for one in measured[key]], off)


def _cpu_ms(turn: Turn) -> float:
    return turn.per_order(turn.cpu_s["order"] + turn.cpu_s["product"]) * 1e3


def _notes(measured: Measured) -> Iterator[str]:
    rounds = [one.measurement for turns in measured.values() for one in turns]
    errors = errors_of(rounds)
    if errors:
        yield f"{sum(errors.values())} orders failed: {errors.most_common(1)[0][0]}"
    if noisy := sum(not one.is_quiet for one in rounds):
        yield f"{noisy} of {len(rounds)} measurements were disturbed: over {NOISY:g} cores did something else."
