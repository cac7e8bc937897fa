from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from analytics.ingestion.schemas import CloudEventCreate
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from tests.support.aliases import Bearer, People

EVENTS = "/api/v1/analytics/events"


async def count_stored(apps: dict[str, FastAPI]) -> int:
    """The number of stored events."""
    async with apps["analytics"].state.application.store.use() as database:
        return len(await database["events"].distinct("_id"))


async def test_the_same_id_is_stored_once(sealed: Dispatcher, apps: dict[str, FastAPI]) -> None:
    """An event that is sent again is a duplicate."""
    event = {"id": str(uuid4()), "type": "page.viewed"}

    answers = [(await sealed.send("analytics", "POST", EVENTS, json=event)).json() for _ in range(2)]

    assert [answer["status"] for answer in answers] == ["inserted", "duplicate"]
    assert await count_stored(apps) == 1


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": ""},
        {"type": "x" * 101},
        {"type": "a b"},
        {"type": "x", "id": "1"},
        {"type": "x", "time": "yesterday"},
        {"type": "x", "time": "2026-11-20T12:00:00"},
        {"type": "x", "data": []},
        {"type": "x", "data": {"text": "x" * 40_000}},
        {"type": "x", "data": {"1": {"2": {"3": {"4": {"5": {"6": {"7": {"8": {}}}}}}}}}},
        {"type": "x", "specversion": "0.3"},
        {"type": "x", "unknown": 1},
    ],
)
async def test_events_out_of_bounds_are_refused(
    sealed: Dispatcher, apps: dict[str, FastAPI], event: dict[str, Any]
) -> None:
    """Events out of bounds are a 422, and none is stored."""
    with pytest.raises(RemoteError) as refused:
        await sealed.send("analytics", "POST", EVENTS, json=event)

    assert refused.value.remote_status == 422
    assert await count_stored(apps) == 0


SENT_AT, PERSON = "2026-11-20T12:00:00Z", "0193b5a2-c7f0-7d5e-8a1b-3c4d5e6f7081"


@pytest.mark.parametrize("names", [("time", "userid"), ("occurred_at", "user_id"), ("time", "user_id")], ids="+".join)
async def test_an_event_can_be_sent_under_the_names_of_the_answers(
    sealed: Dispatcher, people: People, bearer: Bearer, names: tuple[str, str]
) -> None:
    """Time and person have the names of CloudEvents or those that the timeline has; another event is not affected."""
    await sealed.send("analytics", "POST", EVENTS, json={"type": "bystander", "userid": str(uuid4())})
    event = {"id": str(uuid4()), "type": "page.viewed", **dict(zip(names, (SENT_AT, PERSON), strict=True))}

    await sealed.send("analytics", "POST", EVENTS, json=event)

    path = f"/api/v1/analytics/users/{PERSON}/timeline"
    (read,) = (await people["analytics"].get(path, headers=bearer(role="analyst"))).json()["items"]
    assert (read["id"], read["occurred_at"], read["user_id"]) == (event["id"], SENT_AT, PERSON)


@pytest.mark.parametrize("twice", [{"time": SENT_AT, "occurred_at": SENT_AT}, {"userid": PERSON, "user_id": PERSON}])
async def test_a_field_has_one_name_at_a_time(
    sealed: Dispatcher, apps: dict[str, FastAPI], twice: dict[str, str]
) -> None:
    """Under both names, a value is a 422: they may differ."""
    with pytest.raises(RemoteError) as refused:
        await sealed.send("analytics", "POST", EVENTS, json={"type": "x", **twice})

    assert refused.value.remote_status == 422
    assert await count_stored(apps) == 0


def test_other_attributes_of_a_cloudevent_are_still_ignored() -> None:
    """In the forms of CloudEvents, user_id and occurred_at are extensions of others."""
    event = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "x", "user_id": "ada", "occurred_at": "today"}

    read = CloudEventCreate.model_validate(event)

    assert (read.userid, read.time) == (None, None)


async def test_odd_data_is_stored(sealed: Dispatcher) -> None:
    """Operators, dots and fractions in the data are data."""
    data = {"$where": "1", "a.b": 1.5, "": None, "list": [1, [True]], "deep": {"$set": {"x": -(2**63)}}}

    answer = (await sealed.send("analytics", "POST", EVENTS, json={"type": "x", "data": data})).json()

    assert answer["status"] == "inserted"


async def test_one_persons_stats_are_for_the_user_service(people: People) -> None:
    """A plain request for a person's activity is refused."""
    response = await people["analytics"].get(f"/api/v1/analytics/users/{uuid4()}/stats")

    assert (response.status_code, response.json()["code"]) == (400, "encryption_required")
