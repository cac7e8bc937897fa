from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from fastapi import FastAPI

from analytics.counting.counts import DAY, floor
from analytics.privacy.erase_user import erase_user
from chassis.core.clock import utc_now
from chassis.core.types import new_id
from chassis.mongodb.database import Document, MotorDatabase
from tests.analytics.asking import Ask, count
from tests.analytics.counting import NOON, event
from tests.support.aliases import Bearer, People

TODAY = floor(utc_now(), DAY)
MONDAY = TODAY - TODAY.weekday() * DAY


def did(who: str, at: datetime = NOON, kind: str = "page.viewed", **more: object) -> Document:
    """An event of a person."""
    return event(at, kind, user_id=who, **more)


async def test_each_person_counts_once_in_all_and_once_a_bucket(database: MotorDatabase, ask: Ask) -> None:
    """A person counts once per day, and once per bucket; events without a person do not count."""
    later = NOON + timedelta(days=1)
    await count(database, did("ada"), did("ada"), did("ada", later), did("bob", later), event())

    answer = await ask("users/unique", since="2026-11-19T00:00Z", to="2026-11-22T00:00Z")

    assert answer == {
        "total": 2,
        "starts": ["2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"],
        "counts": [0, 1, 2],
    }


@pytest.mark.parametrize(
    ("bucket", "starts"), [("week", ["2026-11-16", "2026-11-23"]), ("month", ["2026-11-01", "2026-12-01"])]
)
async def test_weeks_begin_on_monday_and_months_on_the_first(
    database: MotorDatabase, ask: Ask, bucket: str, starts: list[str]
) -> None:
    """People count in their own bucket, also if the first bucket begins before the range."""
    days = ["2026-11-17", "2026-11-18", "2026-12-01" if bucket == "month" else "2026-11-23"]
    await count(database, *(did("ada", datetime.fromisoformat(day).replace(tzinfo=UTC)) for day in days))

    end = (date.fromisoformat(days[-1]) + timedelta(days=1)).isoformat()
    answer = await ask("users/unique", bucket=bucket, since="2026-11-17T00:00Z", to=f"{end}T00:00Z")

    assert [start[:10] for start in answer["starts"]] == starts
    assert answer["counts"] == [1, 1]


async def test_days_are_taken_whole(database: MotorDatabase, ask: Ask) -> None:
    """The range may begin and end at any minute: every day that it overlaps counts."""
    await count(database, did("ada", datetime(2026, 11, 20, 0, 1, tzinfo=UTC)))

    answer = await ask("users/unique", since="2026-11-20T23:58Z", to="2026-11-20T23:59Z")

    assert (answer["total"], answer["starts"]) == (1, ["2026-11-20T00:00:00Z"])


async def test_people_are_counted_by_what_they_did(database: MotorDatabase, ask: Ask) -> None:
    """A person who did one of several things counts."""
    await count(database, did("ada", kind="a"), did("ada", kind="b"), did("bob", kind="b"), did("eve", kind="c"))

    assert (await ask("users/unique", type=["a", "b"], since="2026-11-20T00:00Z"))["total"] == 2


async def test_the_weeks_may_end_earlier(database: MotorDatabase, ask: Ask) -> None:
    """With the week that the range ends in; who came later does not count."""
    await count(
        database, did("ada", NOON), did("ada", NOON - timedelta(weeks=1)), did("bob", NOON + timedelta(weeks=1))
    )

    assert (await ask("retention", weeks=2, to="2026-11-23T01:00+01:00"))["weeks"] == [
        {"week": "2026-11-09", "users": 1, "returned": [1, 1]},
        {"week": "2026-11-16", "users": 0, "returned": [0]},
    ]


async def test_people_belong_to_the_week_in_which_they_came_first(database: MotorDatabase, ask: Ask) -> None:
    """For each week there is the number of people who came back in it and in later weeks."""
    weeks = {"ada": [2, 1, 0], "bob": [2, 0], "eve": [2], "joe": [1], "old": [3, 2, 1]}
    await count(
        database,
        *(did(who, MONDAY - timedelta(weeks=ago)) for who, agos in weeks.items() for ago in agos),
        did("eve", MONDAY - timedelta(weeks=2) + timedelta(days=6, hours=23)),
    )

    answer = await ask("retention", weeks=3)

    assert answer["weeks"] == [
        {"week": f"{MONDAY - timedelta(weeks=2):%Y-%m-%d}", "users": 3, "returned": [3, 1, 2]},
        {"week": f"{MONDAY - timedelta(weeks=1):%Y-%m-%d}", "users": 1, "returned": [1, 0]},
        {"week": f"{MONDAY:%Y-%m-%d}", "users": 0, "returned": [0]},
    ]


@pytest.mark.parametrize("weeks", [0, 27, "x"])
async def test_retention_is_of_half_a_year_at_most(ask: Ask, weeks: int | str) -> None:
    """Another number of weeks is refused."""
    assert await ask.refusal("retention", weeks=weeks) == (422, "invalid_request")


async def test_a_timeline_is_told_newest_first(database: MotorDatabase, ask: Ask) -> None:
    """A timeline has all stored events of the person, newest first, and no other person's."""
    first, last = did("ada", data={"n": 1}), did("ada", NOON + timedelta(seconds=1), subject="teapot")
    await count(database, first, last, did("bob"))

    page = await ask("users/ada/timeline")

    assert [one["id"] for one in page["items"]] == [last["_id"], first["_id"]]
    assert page["next_cursor"] is None
    received_at = page["items"][1].pop("received_at")
    assert datetime.fromisoformat(received_at) <= utc_now()
    assert page["items"][1] == {
        "id": first["_id"],
        "type": "page.viewed",
        "source": "/clients",
        "subject": None,
        "user_id": "ada",
        "anonymous_id": None,
        "occurred_at": "2026-11-20T12:00:00Z",
        "data": {"n": 1},
    }


async def test_pages_of_a_timeline_lose_nothing(database: MotorDatabase, ask: Ask) -> None:
    """Pages lose no event, even where many happened at the same instant."""
    events = [did("ada", NOON + timedelta(milliseconds=n // 4)) for n in range(10)]
    await count(database, *events)

    ids: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await ask("users/ada/timeline", limit=3, **cursor)
        ids += [one["id"] for one in page["items"]]
        if not page["next_cursor"]:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert ids == [one["_id"] for one in sorted(events, key=lambda one: (one["occurred_at"], one["_id"]), reverse=True)]


async def test_a_cursor_is_of_one_persons_timeline(database: MotorDatabase, ask: Ask) -> None:
    """A cursor is refused on another person's timeline."""
    await count(database, did("ada"), did("ada"))
    cursor = (await ask("users/ada/timeline", limit=1))["next_cursor"]

    assert await ask.refusal("users/bob/timeline", cursor=cursor) == (400, "invalid_cursor")


async def test_an_erasure_has_a_receipt(database: MotorDatabase, people: People, bearer: Bearer, ask: Ask) -> None:
    """The record has the number of anonymised events, including later ones; they stay counted."""
    ada, admin = new_id(), bearer(role="admin")
    await count(database, did(str(ada), anonymous_id="browser"), did(str(ada)))
    await erase_user(database, ada)
    await erase_user(database, ada)
    await count(database, did(str(ada)))

    receipt = (await people["analytics"].get(f"/api/v1/analytics/erasures/{ada}", headers=admin)).json()

    assert (UUID(receipt["user_id"]), receipt["events"]) == (ada, 3)
    assert datetime.fromisoformat(receipt["erased_at"]) <= utc_now()
    assert (await ask("stats"))["total"] == 3
    assert (
        await database["events"].count_documents({"$or": [{"user_id": {"$ne": None}}, {"anonymous_id": "browser"}]})
        == 0
    )


async def test_all_events_of_a_person_are_anonymised(database: MotorDatabase, people: People, bearer: Bearer) -> None:
    """All events are anonymised, also when there are more than fit into one batch."""
    ada = new_id()
    await count(database, *(did(str(ada)) for _ in range(2100)))

    await erase_user(database, ada)

    path = f"/api/v1/analytics/erasures/{ada}"
    assert (await people["analytics"].get(path, headers=bearer(role="admin"))).json()["events"] == 2100
    assert await database["events"].count_documents({"user_id": str(ada)}) == 0


async def test_without_an_erasure_there_is_no_receipt(apps: dict[str, FastAPI], people: People, bearer: Bearer) -> None:
    """Without an erasure the record is a 404."""
    path = f"/api/v1/analytics/erasures/{new_id()}"
    answer = await people["analytics"].get(path, headers=bearer(role="admin"))

    assert (answer.status_code, answer.json()["code"]) == (404, "erasure_not_found")
