"""The report of a run with orders, as JSON."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from benchmarks.results import describe_machine
from chaos.report import Broken
from chaos.scenarios.orders.customers import Plan, Pulse
from chaos.scenarios.orders.faults import Hit
from chaos.scenarios.orders.journal import OrderJournal


@dataclass(frozen=True, slots=True)
class OrdersOutcome:
    """
    The outcome of a run with orders.

    Attributes:
        load_s: Seconds from the first attempt to the end of the last.
        drained_s: Seconds from the last fault until every outbox was empty.
        settled_s: Seconds from the last fault until no order and no reservation was undecided either.
        errors: Failures without an answer, counted by kind.
        broken: Rule -> the entries that break it.
    """

    pulse: Pulse
    journal: OrderJournal
    hits: list[Hit]
    load_s: float
    drained_s: float
    settled_s: float
    errors: dict[str, int]
    broken: Broken


def orders_as_json(plan: Plan, outcome: OrdersOutcome) -> dict[str, Any]:
    """Return all figures of a run."""
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
    """Round; None for infinity, which JSON does not have."""
    return round(value, 1) if isfinite(value) else None
