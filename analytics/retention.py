"""How long events are kept; their counts stay."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chassis.clock import utc_now
from chassis.mongodb import Document

GRACE = timedelta(days=1)
"""
For so long after its time an event stays all the same.

One that arrives at the last moment is counted together with the others of its minute, so these must be there still.
"""


@dataclass(frozen=True, slots=True)
class Retention:
    """
    How long events are kept.

    Attributes:
        days: By type; those of other types are kept for good.
    """

    days: Mapping[str, int] = field(default_factory=dict)

    def expires_at(self, kind: str, occurred_at: datetime) -> datetime | None:
        """Say when an event is deleted."""
        return occurred_at + timedelta(days=self.days[kind]) + GRACE if kind in self.days else None

    def takes(self, kind: str, occurred_at: datetime) -> bool:
        """Whether an event is new enough to be taken in."""
        return kind not in self.days or occurred_at + timedelta(days=self.days[kind]) > utc_now()

    def keeps(self, kind: str, start: datetime) -> bool:
        """Whether all events of a type since *start* are still there."""
        expires_at = self.expires_at(kind, start)
        return expires_at is None or expires_at > utc_now()

    def kept(self, start: datetime) -> Document:
        """Give the condition on ``type`` of those that it ``keeps``."""
        gone = [kind for kind in self.days if not self.keeps(kind, start)]
        return {"type": {"$nin": gone}} if gone else {}
