from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.counting.counts import MINUTE, floor
from analytics.queries.buckets import BucketName, buckets
from analytics.queries.get_timeseries import get_timeseries
from analytics.queries.ranges import Range
from analytics.queries.schemas import TimeseriesQuery
from chassis.mongodb.database import Document, MotorDatabase
from tests.analytics.asking import Ask, count
from tests.analytics.counting import NOON, event
from tests.analytics.test_buckets import ZONES
from tests.support.often import times

DAY = {"since": "2026-11-20T00:00Z", "to": "2026-11-21T00:00Z"}


def named(answer: dict[str, Any]) -> dict[Any, int]:
    """The sum of each series."""
    return {one["name"]: sum(one["counts"]) for one in answer["series"]}


async def test_a_column_is_filled_with_zeros(database: MotorDatabase, ask: Ask) -> None:
    """Each bucket of the range has its position in it."""
    await count(database, event(NOON), event(NOON + timedelta(minutes=59)), event(NOON + timedelta(hours=2)))

    answer = await ask("timeseries", bucket="hour", since="2026-11-20T11:00Z", to="2026-11-20T16:00Z")

    assert answer == {
        "bucket": "hour",
        "tz": "UTC",
        "starts": [f"2026-11-20T{hour}:00:00Z" for hour in range(11, 16)],
        "series": [{"name": "all", "counts": [0, 2, 0, 1, 0]}],
    }


async def test_buckets_begin_in_the_time_zone(database: MotorDatabase, ask: Ask) -> None:
    """A day begins at its local midnight, and is written with its offset."""
    await count(
        database, event(datetime(2026, 11, 20, 22, 59, tzinfo=UTC)), event(datetime(2026, 11, 20, 23, tzinfo=UTC))
    )

    answer = await ask("timeseries", tz="Europe/Berlin", since="2026-11-20T00:00+01:00", to="2026-11-22T00:00+01:00")

    assert answer["starts"] == ["2026-11-20T00:00:00+01:00", "2026-11-21T00:00:00+01:00"]
    assert answer["series"] == [{"name": "all", "counts": [1, 1]}]


async def test_columns_by_type_come_by_frequency(database: MotorDatabase, ask: Ask) -> None:
    """The most frequent type comes first."""
    await count(database, event(kind="a"), event(kind="b"), event(kind="b"))

    answer = await ask("timeseries", by="type", **DAY)

    assert [(one["name"], one["counts"]) for one in answer["series"]] == [("b", [2]), ("a", [1])]


async def test_only_types_that_are_named_are_counted(database: MotorDatabase, ask: Ask) -> None:
    """Other events do not count."""
    await count(database, *(event(kind=kind) for kind in "aabc"))

    answer = await ask("timeseries", by="type", type=["a", "b"], **DAY)

    assert named(answer) == {"a": 2, "b": 1}


async def test_seconds_are_cut_off(database: MotorDatabase, ask: Ask) -> None:
    """A range has whole minutes, and its end is not in it."""
    await count(database, *(event(NOON + timedelta(minutes=n, seconds=30)) for n in range(3)))

    answer = await ask("timeseries", since="2026-11-20T12:00:59Z", to="2026-11-20T12:02:59Z")

    assert named(answer) == {"all": 2}


async def test_by_a_property_ten_values_are_told_apart(database: MotorDatabase, ask: Ask) -> None:
    """The rest is added up; events without the property, or with a value that is not a scalar, do not count."""
    frequent = [event(data={"path": f"/{n}"}) for n in range(10) for _ in range(2)]
    rare = [event(data={"path": f"/rare/{n}"}) for n in range(3)]
    others = [event(), event(data={"path": ["/0"]}), event(data={"path": None})]
    await count(database, *frequent, *rare, *others)

    answer = await ask("timeseries", by="path", **DAY)

    assert named(answer) == {**{f"/{n}": 2 for n in range(10)}, "other": 3}
    assert answer["series"][-1]["name"] == "other"


async def test_values_of_other_kinds_are_other_values(database: MotorDatabase, ask: Ask) -> None:
    """1, true and "1" are three values; 1 and 1.0 are one value."""
    await count(database, *(event(data={"n": value}) for value in (1, 1.0, 1, True, True, "1")))

    answer = await ask("timeseries", by="n", **DAY)

    assert [(repr(one["name"]), one["counts"]) for one in answer["series"]] == [("1", [3]), ("True", [2]), ("'1'", [1])]


@pytest.mark.parametrize("name", ["a.b", "$where", "$a.$b", "items.0", "", "ä b"])
async def test_names_of_properties_are_taken_literally(database: MotorDatabase, ask: Ask, name: str) -> None:
    """Dots and dollars in names of properties have no meaning."""
    if not name:
        assert await ask.refusal("timeseries", by="", **DAY) == (422, "invalid_request")
        return
    await count(database, event(data={name: "x"}), event(data={"a": {"b": "y"}, "items": ["z"]}))

    assert named(await ask("timeseries", by=name, **DAY)) == {"x": 1}
    assert named(await ask("timeseries", property=f"{name}:x", **DAY)) == {"all": 1}


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        ("v:5", 3),
        ("v:true", 2),
        ("v:$v", 1),
        ("v:a:b", 1),
        ("v:", 1),
        ("v:1e999", 0),
        ("v:99999999999999999999", 0),
        ('v:{"$gt":0}', 0),
    ],
)
async def test_events_are_found_by_a_property(database: MotorDatabase, ask: Ask, wanted: str, matches: int) -> None:
    """The text may mean text, number or boolean; never an operator."""
    values = [5, 5.0, "5", True, "true", "$v", "a:b", "", None, [5], {"$gt": 0}]
    await count(database, *(event(data={"v": value}) for value in values))

    assert named(await ask("timeseries", property=wanted, **DAY)) == {"all": matches}


async def test_one_persons_events_are_counted(database: MotorDatabase, ask: Ask) -> None:
    """Several conditions must all hold."""
    ada: Document = {"user_id": "ada"}
    await count(database, event(**ada), event(kind="a", **ada), event(kind="a", data={"n": 1}, **ada), event(kind="a"))

    assert named(await ask("timeseries", user_id="ada", **DAY)) == {"all": 3}
    assert named(await ask("timeseries", user_id="ada", by="type", **DAY)) == {"a": 2, "page.viewed": 1}
    assert named(await ask("timeseries", user_id="ada", type="a", property="n:1", **DAY)) == {"all": 1}


KINDS = st.sampled_from(["a", "b", "c"])
SIZES: st.SearchStrategy[BucketName] = st.sampled_from(["minute", "hour", "day", "week", "month"])
SECONDS = st.integers(0, 75 * 86_400)
SINCE = datetime(2026, 9, 15, tzinfo=UTC)
"""Before the clock goes back in the north and forward in the south."""


@st.composite
def ranges(draw: st.DrawFn) -> tuple[datetime, datetime, BucketName]:
    """Any range, and a size of buckets that allows it."""
    size = draw(SIZES)
    start = SINCE + timedelta(seconds=draw(SECONDS))
    widest = 2 * 86_400 if size == "minute" else 75 * 86_400
    return start, start + timedelta(seconds=draw(st.integers(60, widest))), size


def model(events: list[Document], size: BucketName, asked: Range, zone: str) -> dict[str, list[int]]:
    """The series by type, counted one event after the other."""
    starts = buckets(size, asked, ZoneInfo(zone)).starts
    columns: dict[str, Counter[int]] = {}
    for one in events:
        if asked.start <= one["occurred_at"] < asked.end:
            place = sum(start <= one["occurred_at"] for start in starts) - 1
            columns.setdefault(one["type"], Counter())[place] += 1
    return {kind: [column[place] for place in range(len(starts))] for kind, column in columns.items()}


async def columns(database: MotorDatabase, *conditions: tuple[str, str], **asked: Any) -> dict[Any, list[int]]:  # noqa: ANN401
    """The returned series."""
    query = TimeseriesQuery.model_validate({"by": "type", **asked, **dict(conditions)})
    return {one.name: one.counts for one in (await get_timeseries(database, query)).series}


@settings(max_examples=times(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_counts_agree_with_a_model(database: MotorDatabase, data: st.DataObject) -> None:
    """Any range in any zone is answered as by hand, from counts and from the events alike."""
    events = data.draw(
        st.lists(st.builds(lambda at, kind: event(SINCE + timedelta(seconds=at), kind, data={"n": 1}), SECONDS, KINDS))
    )
    await database["events"].delete_many({})
    for name in ("arrivals", "minute_counts", "day_counts"):
        await database[name].delete_many({})
    await count(database, *events)

    for start, end, size in data.draw(st.lists(ranges(), min_size=1, max_size=10)):
        zone = data.draw(st.sampled_from(ZONES))
        asked = Range(floor(start, MINUTE), floor(end, MINUTE))
        by_hand = model(events, size, asked, zone)
        question = {"from": start, "to": end, "tz": zone, "bucket": size}

        assert await columns(database, **question) == by_hand
        assert await columns(database, property=["n:1"], **question) == by_hand


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"since": "2026-11-20T00:00Z", "to": "2026-11-20T00:00Z"}, "range_is_empty"),
        ({"since": "2026-11-20T12:00:01Z", "to": "2026-11-20T12:00:59Z"}, "range_is_empty"),
        ({"since": "2999-01-01T00:00Z"}, "invalid_request"),
        ({"since": "0001-01-01T00:00+14:00"}, "invalid_request"),
        ({"since": "2026-11-20T00:00"}, "invalid_request"),
        ({"since": "yesterday"}, "invalid_request"),
        ({"bucket": "year"}, "invalid_request"),
        ({"bucket": "minute", "since": "2026-11-01T00:00Z", "to": "2026-11-20T00:00Z"}, "range_too_wide"),
        ({"bucket": "hour", "since": "2026-01-01T00:00Z", "to": "2026-11-20T00:00Z"}, "range_too_wide"),
        ({"bucket": "day", "since": "2000-01-01T00:00Z"}, "range_too_wide"),
        ({"tz": "Mars/Olympus"}, "invalid_request"),
        ({"tz": "America"}, "invalid_request"),
        ({"tz": "../../etc/passwd"}, "invalid_request"),
        ({"tz": ""}, "invalid_request"),
        ({"type": [str(n) for n in range(21)]}, "invalid_request"),
        ({"type": ""}, "invalid_request"),
        ({"property": ["a:1", "b:1", "c:1", "d:1"]}, "invalid_request"),
        ({"property": "a"}, "invalid_request"),
        ({"property": ":a"}, "invalid_request"),
        ({"user_id": "x" * 201}, "invalid_request"),
    ],
)
async def test_what_cannot_be_answered_is_refused(ask: Ask, values: dict[str, Any], code: str) -> None:
    """An invalid query is a 422 with the reason."""
    assert await ask.refusal("timeseries", **values) == (422, code)
