"""Stretches of time that are asked about."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from analytics.counting.counts import DAY, MINUTE, floor
from analytics.errors import EmptyRange
from analytics.retention import grain_at
from chassis.core.clock import utc_now

FIRST = datetime(2000, 1, 1, tzinfo=UTC)
LAST = datetime(2100, 1, 1, tzinfo=UTC)
"""No event is older than the first, nor will be as late as the last; since the first all offsets are quarter hours."""
USUAL = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Range:
    """
    Whole minutes, half-open, in UTC: counts are kept by minute, and all answers about a range are of the same events.
    Long ago (``retention.MINUTES_KEPT``) they are kept by the quarter hour, and times there are cut to these.

    Raises:
        EmptyRange: It ends before it begins (422).
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise EmptyRange

    @classmethod
    def asked(cls, start: datetime | None, end: datetime | None) -> Self:
        """Complete what is asked: it ends with the present minute, and begins 30 days before."""
        end = _minute(end) if end else floor(utc_now(), MINUTE) + MINUTE
        return cls(_minute(start) if start else end - USUAL, end)

    @classmethod
    def ever(cls, start: datetime | None, end: datetime | None) -> Self:
        """Complete what is asked by all the time there is."""
        return cls(_minute(start or FIRST), _minute(end or LAST))

    @property
    def days(self) -> "Range":
        """The whole UTC days that it touches."""
        return Range(floor(self.start, DAY), floor(self.end - MINUTE, DAY) + DAY)

    def holds(self, name: str) -> dict[str, object]:
        """Give the condition that the time called *name* is in the range."""
        return {name: {"$gte": self.start, "$lt": self.end}}


def _minute(moment: datetime) -> datetime:
    """Seconds, long ago minutes, are cut off at both ends, so ranges that follow each other do not overlap."""
    utc = moment.astimezone(UTC)
    return floor(utc, grain_at(utc))
