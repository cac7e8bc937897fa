"""
Buckets: the minutes, hours, days, weeks and months of a time zone, as instants.

They are computed here, from Python's time zones; a database has other and older ones.
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
"""The widest range for each size of bucket."""


@dataclass(frozen=True, slots=True)
class Buckets:
    """
    The buckets that overlap a range; only part of the first and the last may be in it.

    Attributes:
        starts: When each begins; the first one at or before the range.
    """

    starts: Sequence[datetime]
    range: Range

    @property
    def cuts(self) -> list[datetime]:
        """The start of the range, the boundaries between buckets, and the end of the range."""
        return [self.range.start, *self.starts[1:], self.range.end]

    def index(self, moment: datetime) -> int:
        """Return the position of the bucket that contains a moment; earlier moments count as in the first bucket."""
        return max(bisect_right(self.starts, moment) - 1, 0)


def buckets(size: BucketName, asked: Range, zone: ZoneInfo) -> Buckets:
    """
    Divide a range into buckets.

    Hours follow local time: the repeated hour in autumn is two buckets, and where the clock changes by half an hour, or
    within an hour (Chatham), buckets are shorter. A day begins at the first instant of its date.

    Raises:
        RangeTooWide: There would be too many buckets (422).
    """
    if asked.end - asked.start > WIDEST[size]:
        raise RangeTooWide(
            f"Buckets of size '{size}' may span at most {WIDEST[size].days} days: "
            "move `from` and `to` closer together, or use a larger bucket."
        )
    starts: list[datetime] = []
    for start in _BOUNDARIES[size](asked.start, zone):
        if start >= asked.end:
            break
        if start <= asked.start:
            starts.clear()
        if start not in starts[-1:]:  # Samoa had no 30 December 2011: it and the next day begin at the same instant
            starts.append(start)
    return Buckets(starts, asked)


def day_starts(days: Iterable[datetime], zone: ZoneInfo) -> list[datetime]:
    """Return the starts of a zone's dates that overlap some UTC days; it may include further dates."""
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
    """Return the local hour and its offset, which distinguishes the two repeated hours."""
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
    """Return the first instant of a date: without a midnight, the instant at which the clock moved forward."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


_BOUNDARIES: Mapping[BucketName, Callable[[datetime, ZoneInfo], Iterator[datetime]]] = {
    "minute": _minutes,
    "hour": _hours,
    "day": _days,
    "week": _weeks,
    "month": _months,
}
