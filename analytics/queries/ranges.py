"""Ranges of time in queries."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from analytics.counting.counts import DAY, MINUTE, floor
from analytics.errors import EmptyRange
from analytics.retention import grain_at
from chassis.core.clock import utc_now

FIRST = datetime(2000, 1, 1, tzinfo=UTC)
LAST = datetime(2100, 1, 1, tzinfo=UTC)
"""All events are between these times; since the first one, all UTC offsets are whole quarter hours."""
USUAL = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Range:
    """
    Whole minutes, half-open, in UTC: counts are stored by minute, and all answers about a range cover the same events.
    Long ago (``retention.MINUTES_KEPT``) counts are stored by quarter hour, and times there are cut to quarter hours.

    Raises:
        EmptyRange: The range ends before it begins (422).
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise EmptyRange

    @classmethod
    def asked(cls, start: datetime | None, end: datetime | None) -> Self:
        """Complete the requested range: it ends with the current minute, and begins 30 days before its end."""
        end = _minute(end) if end else floor(utc_now(), MINUTE) + MINUTE
        return cls(_minute(start) if start else end - USUAL, end)

    @classmethod
    def ever(cls, start: datetime | None, end: datetime | None) -> Self:
        """Complete the requested range to all time."""
        return cls(_minute(start or FIRST), _minute(end or LAST))

    @property
    def days(self) -> "Range":
        """The whole UTC days that overlap the range."""
        return Range(floor(self.start, DAY), floor(self.end - MINUTE, DAY) + DAY)

    def holds(self, name: str) -> dict[str, object]:
        """Return the condition that the time *name* is in the range."""
        return {name: {"$gte": self.start, "$lt": self.end}}


def _minute(moment: datetime) -> datetime:
    """Cut off seconds, or minutes long ago, at both ends, so that adjacent ranges do not overlap."""
    utc = moment.astimezone(UTC)
    return floor(utc, grain_at(utc))
