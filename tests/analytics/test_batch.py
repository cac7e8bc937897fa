import json
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from analytics.retention import Retention
from chassis.core.clock import utc_now
from chassis.dispatch.dispatcher import Dispatcher
from cli.dev.polling import eventually
from tests.analytics.sending import BATCH, CLOUD_EVENTS, EVENTS, Stored, nested, page, send, typed
from tests.support.aliases import People
from tests.support.having import having


async def test_each_event_is_answered_in_its_place(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """New, duplicate and invalid events are distinguished, and new ones are stored."""
    before, new, wrong = page(), page(), page(type="")
    await send(keyed, before)

    items = await send(keyed, new, wrong, before)

    assert [item["status"] for item in items] == ["inserted", "invalid", "duplicate"]
    assert [item["id"] for item in items] == [new["id"], wrong["id"], before["id"]]
    assert {event["_id"] for event in await stored()} == {before["id"], new["id"]}


async def test_a_twin_within_a_batch_is_a_duplicate(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """Of two events with one id in a batch, the first one is stored."""
    first, twin = page(subject="first"), page(subject="twin")
    twin["id"] = first["id"]

    assert [item["status"] for item in await send(keyed, first, twin)] == ["inserted", "duplicate"]
    assert [event["subject"] for event in await stored()] == ["first"]


async def test_what_is_wrong_is_told(keyed: httpx.AsyncClient) -> None:
    """An error has its position and reason; a valid event has none."""
    good, wrong = await send(keyed, page(), page(type="a b", data={"n": 2**70}))

    assert good.keys() == {"id", "status"}
    assert [(error["location"], error["pointer"]) for error in wrong["errors"]] == [
        ("event", "/type"),
        ("event", "/data"),
    ]
    assert wrong["errors"][1]["detail"] == "has a number that does not fit into 64 bits"


async def test_events_without_ids_are_each_new(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """Each event without an id gets one, which is returned."""
    items = await send(keyed, {"type": "x"}, {"type": "x"})

    assert [item["status"] for item in items] == ["inserted", "inserted"]
    assert {item["id"] for item in items} == {event["_id"] for event in await stored()}


async def test_a_batch_is_counted(keyed: httpx.AsyncClient, people: People) -> None:
    """The statistics include the batch within moments."""
    event = page()
    await send(keyed, event, page(), event)

    async def is_counted() -> bool:
        stats = (await people["analytics"].get("/api/v1/analytics/stats")).json()
        return bool(stats["by_type"] == {"page.viewed": 2})

    assert await eventually(is_counted)


async def test_a_peer_sends_batches_without_a_key(sealed: Dispatcher) -> None:
    """The route accepts sealed batches like single events."""
    answer = (await sealed.send("analytics", "POST", BATCH, json={"events": [page()]})).json()

    assert [item["status"] for item in answer["items"]] == ["inserted"]


async def test_a_full_batch_is_taken_sealed_too(sealed: Dispatcher) -> None:
    """A sealed batch of 500 KB is accepted, although sealing makes it larger."""
    events = [page(data={"text": "x" * 900}) for _ in range(500)]
    assert 490_000 < len(json.dumps({"events": events})) < 512_000

    answer = (await sealed.send("analytics", "POST", BATCH, json={"events": events})).json()

    assert {item["status"] for item in answer["items"]} == {"inserted"}


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ([], 422, ""),
        ({}, 422, "/events"),
        ({"events": {}}, 422, "/events"),
        ({"events": [], "more": 1}, 422, "/more"),
        ({"events": [{}] * 501}, 422, "/events"),
        ({"events": [{"type": "x" * 512_000}]}, 413, None),
    ],
)
async def test_what_is_no_batch_is_refused_whole(
    keyed: httpx.AsyncClient, body: object, status: int, where: str | None
) -> None:
    """A batch is refused as a whole if its events cannot be separated, or if it is too large."""
    response = await keyed.post(BATCH, json=body)

    assert response.status_code == status
    assert [error["pointer"] for error in response.json()["errors"]] == ([] if where is None else [where])


@pytest.mark.parametrize(
    "text",
    [
        b'{"events": [{"type": "x"}]',
        b'{"events": ' + b"[" * 10_000,
        b'{"events": [{"type": "x}]}',
        b'{"events": [{"type": "x"}], "more": NaN}',
        b'{"events": [{"type": "x"}], "events": [{"type": "y"}]}',
        b'{"events": [{"n": NaN}], "events": [{"type": "y"}]}',
        b'{"events": [' + b"{}," * 500 + b"NaN]}",
        b'{"events": [' + b"[]," * 50_000 + b"NaN]}",
    ],
    ids=["cut-off", "deep", "quote", "beside", "twice", "twice-bad", "many", "brackets"],
)
async def test_what_cannot_be_told_apart_is_refused_whole(
    keyed: httpx.AsyncClient, stored: Stored, text: bytes
) -> None:
    """No event of such a batch is stored."""
    response = await keyed.post(BATCH, content=text, headers=typed())

    assert (response.status_code, response.json()["errors"][0]["code"]) == (422, "json_invalid")
    assert await stored() == []


@pytest.mark.parametrize(
    "data",
    [
        b'{"n": NaN}',
        b'{"n": -Infinity}',
        b'{"n": 1e999}',
        b'{"n": 1e99999999999999999999}',
        b'{"n": ' + b"9" * 5_000 + b"}",
        b'{"n": 1, "n": 2}',
        b'{"t": "\\ud800"}',
        b'{"t": "\\u0000"}',
        b'{"t": "\xff"}',
        b'{"t": "a\tb"}',
        b"[" * 5_000 + b"]" * 5_000,
        b'{"a": ' * 20_000 + b"1" + b"}" * 20_000,
        b'{"n": 01}',
        b"{'n': 1}",
        b"",
        b'{"a": 1} {"b": "]}"}',
    ],
    ids=range(16),
)
@pytest.mark.parametrize(
    ("body", "media_type"),
    [(b'{"events": [%b]}', "application/json"), (b" [%b ] ", CLOUD_EVENTS)],
    ids=["ours", "CloudEvents"],
)
async def test_an_event_that_is_no_json_spoils_only_itself(
    keyed: httpx.AsyncClient, stored: Stored, data: bytes, body: bytes, media_type: str
) -> None:
    """In each form of a batch an invalid event's error is at its position, and its neighbours are stored."""
    ids = [str(uuid4()) for _ in range(3)]
    events = [
        b'{"specversion": "1.0", "id": "%b", "source": "/shop", "type": "x", "data": %b}' % (one.encode(), its)
        for one, its in zip(ids, [b'{"a": "], {"}', data, b'{"price": 1.5}'], strict=True)
    ]

    response = await keyed.post(BATCH, content=body % b",\n".join(events), headers=typed(content_type=media_type))

    items = response.json()["items"]
    assert [item["status"] for item in items] == ["inserted", "invalid", "inserted"]
    assert (items[1]["errors"][0]["location"], len(items[1]["errors"])) == ("event", 1)
    assert {event["_id"]: event["data"] for event in await stored()} == {ids[0]: {"a": "], {"}, ids[2]: {"price": 1.5}}


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "x",
        page(id=1),
        page(id="1"),
        page(id="x" * 300_000),
        page(source="/services/order"),
        page(source="a\nb"),
        page(userid="ada"),
        page(time="1999-12-31T23:59:59Z"),
        page(time=(utc_now() + timedelta(days=2)).isoformat()),
        page(time="0001-01-01T00:00:00+14:00"),
        page(time="9999-12-31T23:59:59-14:00"),
        page(data=nested(9)),
        page(data={"text": "x" * 33_000}),
        page(data={str(number): 1 for number in range(30_000)}),
        page(data={"n": -(2**63) - 1}),
        page(**{str(number): 1 for number in range(30_000)}),
    ],
    ids=range(18),
)
async def test_an_event_out_of_bounds_spoils_only_itself(
    keyed: httpx.AsyncClient, stored: Stored, event: object
) -> None:
    """The neighbours are stored, and at most ten errors of the event are returned."""
    items = await send(keyed, page(), event, page())

    assert [item["status"] for item in items] == ["inserted", "invalid", "inserted"]
    assert 1 <= len(items[1]["errors"]) <= 10
    assert len(await stored()) == 2


async def test_a_million_keys_are_refused_unread(keyed: httpx.AsyncClient) -> None:
    """The cap on the body applies before parsing."""
    keys = ",".join(f'"{number}":1' for number in range(1_000_000))

    response = await keyed.post(BATCH, content=f'{{"events":[{{"type":"x","data":{{{keys}}}}}]}}', headers=typed())

    assert response.status_code == 413


async def test_odd_names_are_data(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """Operators, dots and other special names are stored unchanged."""
    data = {
        "$where": "sleep(1000)",
        "$set": {"type": "forged"},
        "a.b": {"$ne": None},
        "": [],
        "__proto__": {"admin": True},
        "constructor": 1,
        "n": 2**63 - 1,
        "price": 1.5,
    }

    await send(keyed, page(data=data))

    (event,) = await stored()
    assert (event["type"], event["data"]) == ("page.viewed", data)


async def test_times_are_stored_in_utc(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """An offset changes the notation of a moment, not the moment."""
    await send(keyed, page(time="2026-11-20T01:30:00+05:30"))

    (event,) = await stored()
    assert event["occurred_at"].isoformat() == "2026-11-19T20:00:00+00:00"


@pytest.fixture
def for_30_days(apps: dict[str, FastAPI]) -> Iterator[None]:
    """Page views are kept for 30 days."""
    with having(apps["analytics"], retention=Retention({"page.viewed": 30})):
        yield


async def test_an_event_expires_by_the_retention_of_its_type(
    keyed: httpx.AsyncClient, stored: Stored, for_30_days: None
) -> None:
    """An event that is already older is refused; other types are kept for good."""
    recent, old = ((utc_now() - timedelta(days=days)).isoformat() for days in (29, 31))

    items = await send(keyed, page(time=old), page(time=recent), page(time=old, type="other"))

    assert [item["status"] for item in items] == ["invalid", "inserted", "inserted"]
    assert items[0]["errors"][0]["code"] == "event_too_old"
    other, viewed = await stored()
    assert "expires_at" not in other
    assert viewed["expires_at"] > viewed["occurred_at"] + timedelta(days=30)


async def test_a_single_event_that_is_too_old_is_refused(keyed: httpx.AsyncClient, for_30_days: None) -> None:
    """The answer has the retention of the event's type."""
    response = await keyed.post(EVENTS, json=page(time="2020-01-01T00:00:00Z"))

    assert (response.status_code, response.json()["code"]) == (422, "event_too_old")
    assert "30 days" in response.json()["detail"]


async def test_outcomes_are_counted(keyed: httpx.AsyncClient, people: People) -> None:
    """Events are counted by outcome and by route."""

    async def inserted() -> float:
        lines = (await people["analytics"].get("/metrics")).text.splitlines()
        name = 'analytics_events_total{outcome="inserted",via="api"} '
        return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))

    before = await inserted()
    await send(keyed, page(), page(), page(type=""))

    assert await inserted() - before == 2
