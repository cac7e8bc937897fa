"""
Buckets: the minutes, hours, days, weeks and months of a time zone, as instants.

All of it is worked out here, from Python's time zones; a database has others, and older ones.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Literal
from zoneinfo import ZoneInfo

from analytics.counting.counts import DAY, MINUTE, QUARTER
from analytics.errors import RangeTooWide
from analytics.queries.ranges import Range

BucketName = Literal["minute", "hour", "day", "week", "month"]

WIDEST: Mapping[BucketName, timedelta] = {
    "minute": timedelta(days=2),
    "hour": timedelta(days=93),
    "day": timedelta(days=3 * 366),
    "week": timedelta(days=10 * 366),
    "month": timedelta(days=10 * 366),
}
"""The widest range that is answered in buckets of a size."""


@dataclass(frozen=True, slots=True)
class Buckets:
    """
    The buckets that a range touches; of the first and the last only a part may be in it.

    Attributes:
        starts: When each begins; the first one at or before the range.
    """

    starts: Sequence[datetime]
    range: Range

    @property
    def cuts(self) -> list[datetime]:
        """Where the range begins, where one bucket follows another within it, and where it ends."""
        return [self.range.start, *self.starts[1:], self.range.end]

    def index(self, moment: datetime) -> int:
        """Give the position of the bucket in which a moment is; one before the first counts as in the first."""
        return max(bisect_right(self.starts, moment) - 1, 0)


def buckets(size: BucketName, asked: Range, zone: ZoneInfo) -> Buckets:
    """
    Divide a range.

    An hour is one of the clock on the wall: the one that comes twice in autumn is two buckets, and where the clock is
    put by half an hour, or within one (Chatham), shorter ones are. A day begins at the first instant of its date.

    Raises:
        RangeTooWide: That would be too many (422).
    """
    if asked.end - asked.start > WIDEST[size]:
        raise RangeTooWide(
            f"Of buckets '{size}' at most {WIDEST[size].days} days are answered: "
            "move `from` and `to` together, or take a larger bucket."
        )
    starts: list[datetime] = []
    for start in _BOUNDARIES[size](asked.start, zone):
        if start >= asked.end:
            break
        if start <= asked.start:
            starts.clear()
        if start not in starts[-1:]:  # Samoa had no 30 December 2011: it and the next day begin at once
            starts.append(start)
    return Buckets(starts, asked)


def day_starts(days: Iterable[datetime], zone: ZoneInfo) -> list[datetime]:
    """Return when the dates of a zone begin that there are during some UTC days; beside them may be others."""
    dates = {moment.astimezone(zone).date() for day in days for moment in (day, day + DAY)}
    return sorted(_midnight(one, zone) for one in dates)


def _minutes(since: datetime, _zone: ZoneInfo) -> Iterator[datetime]:
    while True:
        yield since
        since += MINUTE


def _hours(since: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    start = _midnight(since.astimezone(zone).date(), zone)
    while True:
        yield start
        hour = _hour(start, zone)
        start = next(at for at in (start + n * QUARTER for n in count(1)) if _hour(at, zone) != hour)


def _hour(moment: datetime, zone: ZoneInfo) -> tuple[int, timedelta | None]:
    """Give the hour on the wall, and which of two that are called so."""
    wall = moment.astimezone(zone)
    return wall.hour, wall.utcoffset()


def _days(since: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    return _midnights(since.astimezone(zone).date(), lambda day: day + DAY, zone)


def _weeks(since: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    day = since.astimezone(zone).date()
    return _midnights(day - day.weekday() * DAY, lambda day: day + 7 * DAY, zone)


def _months(since: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    day = since.astimezone(zone).date()
    return _midnights(day.replace(day=1), lambda day: (day + 31 * DAY).replace(day=1), zone)


def _midnights(day: date, following: Callable[[date], date], zone: ZoneInfo) -> Iterator[datetime]:
    while True:
        yield _midnight(day, zone)
        day = following(day)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Give the first instant of a date: where there is no midnight, the one at which the clock was put forward."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


_BOUNDARIES: Mapping[BucketName, Callable[[datetime, ZoneInfo], Iterator[datetime]]] = {
    "minute": _minutes,
    "hour": _hours,
    "day": _days,
    "week": _weeks,
    "month": _months,
}
