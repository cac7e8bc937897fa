from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from tests.support.aliases import People

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


async def test_odd_data_is_stored(sealed: Dispatcher) -> None:
    """Operators, dots and fractions in the data are data."""
    data = {"$where": "1", "a.b": 1.5, "": None, "list": [1, [True]], "deep": {"$set": {"x": -(2**63)}}}

    answer = (await sealed.send("analytics", "POST", EVENTS, json={"type": "x", "data": data})).json()

    assert answer["status"] == "inserted"


async def test_one_persons_stats_are_for_the_user_service(people: People) -> None:
    """A plain request for a person's activity is refused."""
    response = await people["analytics"].get(f"/api/v1/analytics/users/{uuid4()}/stats")

    assert (response.status_code, response.json()["code"]) == (400, "encryption_required")
