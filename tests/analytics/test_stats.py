from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.queries.get_stats import DAYS, get_stats
from analytics.queries.schemas import StatsQuery
from analytics.settings import Settings
from chassis.core.errors import ServiceUnavailable
from chassis.dispatch.dispatcher import Dispatcher
from chassis.mongodb.database import Document, MotorDatabase
from chassis.settings import Environment
from cli.dev.polling import eventually
from tests.analytics.asking import Ask, count
from tests.analytics.conftest import SetUp
from tests.analytics.counting import NOON, event
from tests.analytics.test_buckets import ZONES
from tests.support.aliases import Bearer, MakeUser, People
from tests.support.often import times

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def days_ago(number: int) -> Document:
    """An event this many days ago."""
    return event(NOON - timedelta(days=number))


async def test_what_is_sent_is_counted_soon(sealed: Dispatcher, people: People, make_user: MakeUser) -> None:
    """Events are counted in total, by type, and by the UTC day of their time, without a login."""
    await make_user("ada")
    for kind, time in (
        ("a", "2026-11-20T23:30:00-01:00"),
        ("a", "2026-11-20T12:00:00Z"),
        ("b", "2026-11-21T00:00:00Z"),
    ):
        await sealed.send("analytics", "POST", "/api/v1/analytics/events", json={"type": kind, "time": time})

    async def adds_up() -> bool:
        return bool(
            (await people["analytics"].get("/api/v1/analytics/stats")).json()
            == {
                "total": 3,
                "by_type": {"a": 2, "b": 1},
                "by_day": [{"date": "2026-11-20", "count": 1}, {"date": "2026-11-21", "count": 2}],
                "users": 1,
            }
        )

    assert await eventually(adds_up)


async def test_of_many_days_the_last_are_told_apart(database: MotorDatabase, ask: Ask) -> None:
    """The last ninety days with events are listed, however far apart; the total includes all."""
    await count(database, *(days_ago(3 * n) for n in range(100)), days_ago(3000))

    answer = await ask("stats")

    assert (answer["total"], answer["by_type"]) == (101, {"page.viewed": 101})
    assert len(answer["by_day"]) == DAYS
    assert answer["by_day"][0] == {"date": f"{NOON - timedelta(days=3 * 89):%Y-%m-%d}", "count": 1}


async def test_more_days_than_are_looked_at_are_added_up(
    database: MotorDatabase, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Earlier days still count to the minute."""
    monkeypatch.setattr("analytics.queries.get_stats._UTC_DAYS", 5)
    await count(database, *(days_ago(n) for n in range(20)))

    assert (await ask("stats"))["total"] == 20
    assert (await ask("stats", since=(NOON - timedelta(days=15)).isoformat()))["total"] == 16
    assert (await ask("stats", since=(NOON - timedelta(days=15, minutes=-1)).isoformat()))["total"] == 15


async def test_without_events_there_is_nothing(database: MotorDatabase, ask: Ask) -> None:
    """Without events there is neither a type nor a day."""
    assert await ask("stats") == {"total": 0, "by_type": {}, "by_day": [], "users": 0}


async def test_only_the_time_and_the_types_that_are_named_count(database: MotorDatabase, ask: Ask) -> None:
    """The end is not in the range."""
    await count(database, event(NOON, "a"), event(NOON, "b"), event(NOON + timedelta(minutes=1), "a"))

    answer = await ask("stats", type="a", since=NOON.isoformat(), to=(NOON + timedelta(minutes=1)).isoformat())

    assert (answer["total"], answer["by_type"]) == (1, {"a": 1})


@settings(max_examples=times(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seconds=st.lists(st.integers(0, 365 * 86_400), max_size=30),
    zone=st.sampled_from(ZONES),
    asked=st.lists(st.integers(0, 365 * 24 * 60), min_size=2, max_size=2, unique=True).map(sorted),
)
async def test_days_are_those_of_the_time_zone(
    database: MotorDatabase, apps: dict[str, FastAPI], seconds: list[int], zone: str, asked: list[int]
) -> None:
    """Days and total of any range are as computed by hand."""
    for name in ("events", "arrivals", "minute_counts", "day_counts"):
        await database[name].delete_many({})
    moments = [SINCE + timedelta(seconds=number) for number in seconds]
    await count(database, *(event(at) for at in moments))
    start, end = (SINCE + timedelta(minutes=number) for number in asked)

    query = StatsQuery.model_validate({"from": start, "to": end, "tz": zone})
    answer = await get_stats(database, apps["analytics"].state.application.dispatcher, query)

    by_day = Counter(f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d}" for at in moments if start <= at < end)
    assert {day.date: day.count for day in answer.by_day} == by_day
    assert answer.total == by_day.total()


async def test_the_number_of_users_may_be_missing(
    database: MotorDatabase, apps: dict[str, FastAPI], monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    """While the user service does not answer, the rest is answered."""

    async def fail(*_arguments: Any, **_options: Any) -> None:  # noqa: ANN401 - whatever it is asked
        raise ServiceUnavailable

    monkeypatch.setattr(apps["analytics"].state.application.dispatcher, "call", fail)

    assert (await ask("stats"))["users"] is None


# Access


STATS = "/api/v1/analytics/stats"


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Bearer"}]
)
async def test_outside_development_statistics_are_not_for_anybody(
    people: People, outside_development: None, headers: dict[str, str]
) -> None:
    """A request without a valid token is refused before anything is counted."""
    answer = await people["analytics"].get(STATS, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert "total" not in answer.json()


@pytest.mark.parametrize(("role", "status"), [("user", 403), ("analyst", 200), ("admin", 200)])
async def test_outside_development_a_role_is_needed(
    people: People, bearer: Bearer, outside_development: None, role: str, status: int
) -> None:
    """The caller must be an analyst or admin."""
    assert (await people["analytics"].get(STATS, headers=bearer(role=role))).status_code == status


async def test_outside_development_a_peer_may_see_statistics(sealed: Dispatcher, outside_development: None) -> None:
    """A sealed call needs no person."""
    assert ((await sealed.send("analytics", "GET", STATS)).json())["total"] == 0


@pytest.mark.parametrize(
    ("environment_name", "public", "status"),
    [
        (Environment.LOCAL, "false", 200),
        (Environment.STAGING, "false", 401),
        (Environment.PRODUCTION, "false", 401),
        (Environment.PRODUCTION, "true", 200),
    ],
)
async def test_statistics_are_open_in_development_or_where_it_is_wanted(
    people: People,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    environment_name: Environment,
    public: str,
    status: int,
) -> None:
    """Only the environment and the setting for public statistics matter."""
    monkeypatch.setenv("ANALYTICS_PUBLIC_STATS", public)
    set_up(environment=environment_name, analytics_public_stats=Settings.load().analytics_public_stats)

    assert (await people["analytics"].get(STATS)).status_code == status
