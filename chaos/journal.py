"""The journal of events: what was sent and what was acknowledged, for comparison with the database."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_NEW, _KNOWN = {"accepted", "inserted"}, {"duplicate"}
"""The outcome of an event."""


@dataclass(slots=True)
class EventJournal:
    """
    The events that were sent, and the answers.

    Attributes:
        events: By id.
        acknowledged: The ids of those acknowledged as stored.
        new: How often each was acknowledged as new.
        unexpected: Invalid answers.
        errors: Failures without an answer, counted by kind.
    """

    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    new: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    def record(self, batch: Sequence[dict[str, Any]], outcomes: dict[str, str]) -> None:
        """Record the answer to a batch."""
        for event in batch:
            outcome = outcomes.get(event["id"], "missing")
            if outcome not in _NEW | _KNOWN:
                self.unexpected.append(f"{event['id']} {outcome}")
                continue
            self.acknowledged.add(event["id"])
            self.new[event["id"]] += outcome in _NEW
