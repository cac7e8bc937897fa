from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.counting.counts import MINUTE, QUARTER
from analytics.errors import RangeTooWide
from analytics.queries.buckets import BucketName, buckets
from analytics.queries.ranges import Range

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",  # midnight occurs twice
    "Asia/Beirut",  # midnight is skipped
    "Asia/Kathmandu",  # 5:45
    "Australia/Lord_Howe",  # changes its clock by half an hour
    "Pacific/Chatham",  # 12:45, with summer time
    "Pacific/Apia",  # had no 30 December 2011
]
MOMENTS = st.datetimes(datetime(2011, 6, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis requires naive bounds


def utc(text: str) -> datetime:
    """A moment."""
    return datetime.fromisoformat(text).astimezone(UTC)


def walls(starts: Iterable[datetime], zone: str) -> list[str]:
    """The local times of these moments."""
    return [f"{start.astimezone(ZoneInfo(zone)):%d %H:%M}" for start in starts]


def label(size: BucketName, moment: datetime) -> object:
    """The common local label of a bucket's moments, which no other moment nearby has."""
    wall = moment.replace(tzinfo=None)
    return {
        "minute": moment.astimezone(UTC),
        "hour": (wall.replace(minute=0), moment.utcoffset()),
        "day": wall.date(),
        "week": wall.isocalendar()[:2],
        "month": (wall.year, wall.month),
    }[size]


@given(
    size=st.sampled_from(["minute", "hour", "day", "week", "month"]),
    zone=st.sampled_from(ZONES),
    start=MOMENTS,
    minutes=st.integers(1, 2 * 24 * 60),
)
def test_moments_share_a_bucket_if_the_wall_says_the_same(
    size: BucketName, zone: str, start: datetime, minutes: int
) -> None:
    """Adjacent quarter hours are in one bucket if and only if their local label is the same."""
    begin = start.replace(second=0, microsecond=0)
    asked = Range(begin, begin + minutes * MINUTE)
    divided = buckets(size, asked, ZoneInfo(zone))

    moments = [begin + n * MINUTE for n in range(minutes) if (begin + n * MINUTE).minute % 15 == 0 or n == 0]
    for one, other in pairwise(moments):
        alike = label(size, one.astimezone(ZoneInfo(zone))) == label(size, other.astimezone(ZoneInfo(zone)))
        assert (divided.index(one) == divided.index(other)) == alike, (one, other)


@given(size=st.sampled_from(["hour", "day", "week", "month"]), zone=st.sampled_from(ZONES), start=MOMENTS)
def test_buckets_cover_the_range(size: BucketName, zone: str, start: datetime) -> None:
    """Buckets are adjacent and begin at quarter hours, the first at or before the range, the others within."""
    asked = Range.asked(start, start + timedelta(days=62))

    divided = buckets(size, asked, ZoneInfo(zone))

    assert divided.starts[0] <= asked.start
    assert divided.starts[-1] < asked.end
    assert all(one < other for one, other in pairwise(divided.starts))
    assert all(asked.start < one for one in divided.starts[1:])
    assert all((one - utc("2000-01-01T00:00Z")) % QUARTER == timedelta(0) for one in divided.starts)


@pytest.mark.parametrize(
    ("zone", "start", "end", "hours"),
    [
        ("Europe/Berlin", "2026-03-28T23:00Z", "2026-03-29T02:00Z", ["29 00:00", "29 01:00", "29 03:00"]),
        ("Europe/Berlin", "2026-10-24T23:00Z", "2026-10-25T02:00Z", ["25 01:00", "25 02:00", "25 02:00"]),
        ("Asia/Kathmandu", "2026-01-01T00:00Z", "2026-01-01T02:00Z", ["01 05:00", "01 06:00", "01 07:00"]),
        ("Pacific/Chatham", "2013-04-06T13:30Z", "2013-04-06T14:30Z", ["07 03:00", "07 02:45", "07 03:00"]),
        ("Australia/Lord_Howe", "2026-04-04T14:00Z", "2026-04-04T16:00Z", ["05 01:00", "05 01:30", "05 02:00"]),
        ("Australia/Lord_Howe", "2026-10-03T14:30Z", "2026-10-03T16:30Z", ["04 01:00", "04 02:30", "04 03:00"]),
    ],
)
def test_hours_are_those_on_the_wall(zone: str, start: str, end: str, hours: list[str]) -> None:
    """The hour that is skipped in spring is absent, the hour that repeats in autumn is there twice."""
    assert walls(buckets("hour", Range(utc(start), utc(end)), ZoneInfo(zone)).starts, zone) == hours


@pytest.mark.parametrize(
    ("zone", "day", "length"),
    [
        ("Europe/Berlin", "2026-03-29T12:00+02:00", 23),
        ("Europe/Berlin", "2026-10-25T12:00+01:00", 25),
        ("Australia/Lord_Howe", "2026-10-04T12:00+11:00", 23.5),
        ("Asia/Beirut", "2026-03-29T12:00+03:00", 23),
        ("America/Havana", "2026-11-01T12:00-05:00", 25),
    ],
)
def test_days_are_as_long_as_they_are(zone: str, day: str, length: float) -> None:
    """When the clock changes, a day has 23 or 25 hours, or half an hour less."""
    noon = utc(day)

    first, second = buckets("day", Range(noon, noon + timedelta(days=1)), ZoneInfo(zone)).starts

    assert second - first == timedelta(hours=length)


def test_a_day_that_was_left_out_is_no_bucket() -> None:
    """On Samoa the 31st followed the 29th of December 2011."""
    asked = Range(utc("2011-12-29T12:00-10:00"), utc("2012-01-01T12:00+14:00"))

    assert walls(buckets("day", asked, ZoneInfo("Pacific/Apia")).starts, "Pacific/Apia") == [
        "29 00:00",
        "31 00:00",
        "01 00:00",
    ]


@pytest.mark.parametrize(
    ("size", "days"), [("minute", 2), ("hour", 93), ("day", 1098), ("week", 3660), ("month", 3660)]
)
def test_too_many_buckets_are_refused(size: BucketName, days: int) -> None:
    """The widest range is answered, and one wider by a minute is refused; the message has the limit."""
    start = utc("2015-01-01T00:00Z")
    end = start + timedelta(days=days)

    assert buckets(size, Range(start, end), ZoneInfo("UTC")).starts[-1] < end
    with pytest.raises(RangeTooWide, match=f"'{size}' may span at most {days} days"):
        buckets(size, Range(start, end + MINUTE), ZoneInfo("UTC"))
