"""What is told of a run: on the terminal, and as JSON."""

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.machine import describe_machine
from chaos.scenarios.orders.plan import Plan
from chaos.scenarios.orders.scenario import Outcome

_SHOWN = 10
"""How many ids are printed of each rule that is broken; the JSON has all."""


def as_json(plan: Plan, outcome: Outcome) -> dict[str, Any]:
    """Give all figures of a run."""
    kills = Counter(hit.target for hit in outcome.hits if hit.pause_s is None)
    pauses = Counter(hit.target for hit in outcome.hits if hit.pause_s is not None)
    seconds = range(int(outcome.load_s) + 1)
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": describe_machine(),
        "plan": asdict(plan),
        "attempts": outcome.pulse.begun,
        "outcomes": dict(outcome.pulse.outcomes.most_common()),
        "load_s": round(outcome.load_s, 1),
        "kills": {"total": kills.total(), **dict(kills.most_common())},
        "pauses": {"total": pauses.total(), **dict(pauses.most_common())},
        "drained_s": _seconds(outcome.drained_s),
        "settled_s": _seconds(outcome.settled_s),
        "errors_seen_by_clients": dict(Counter(outcome.errors).most_common()),
        "broken": {rule: ids for rule, ids in outcome.broken.items() if ids},
        "per_second": [outcome.pulse.per_second[second] for second in seconds],
        "hits": [[round(hit.at, 1), hit.target, hit.pause_s and round(hit.pause_s, 1)] for hit in outcome.hits],
    }


def _seconds(value: float) -> float | None:
    """Round; None for what never happened, since JSON has no infinity."""
    return round(value, 1) if isfinite(value) else None


def show(console: Console, report: dict[str, Any], broken: dict[str, list[str]]) -> None:
    """Print the figures and the verdict."""
    table = Table(show_header=False)
    table.add_row("attempts", f"{report['attempts']} in {report['load_s']:.0f} s")
    for name in ("outcomes", "kills", "pauses", "errors_seen_by_clients"):
        table.add_row(name.replace("_", " "), ", ".join(f"{what} {times}" for what, times in report[name].items()))
    table.add_row("outboxes empty after", f"{report['drained_s']} s")
    table.add_row("nothing open after", f"{report['settled_s']} s")
    console.print(table)
    for rule, ids in broken.items():
        console.print(f"[red]✗ {rule}: {len(ids)}[/red]" if ids else f"[green]✓[/green] {rule}")
        for one in ids[:_SHOWN]:
            console.print(f"    {one}", markup=False)
