"""Slightly invalid values that Segment's own clients send."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from analytics.ingestion.event_ids import event_id
from analytics.ingestion.lenient_json import storable
from tests.analytics.sending import Stored, nested, typed

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BEFORE, AFTER = '{"type":"track","event":"a","userId":"x"}', '{"type":"track","event":"b","userId":"x"}'


async def store(keyed: httpx.AsyncClient, stored: Stored, members: str, around: str = "") -> dict[str, Any]:
    """Send a message with these members between two others, all of which are stored; returns the stored message."""
    message = f'{{"type": "track", "event": "Song Played", {members}}}'
    body = f'{{"batch": [{BEFORE}, {message}, {AFTER}]{around}}}'

    response = await keyed.post("/v1/batch", content=body.encode("utf-8", "surrogateescape"), headers=typed())

    assert response.status_code == 200, response.text
    events = {event["type"]: event for event in await stored()}
    assert events.keys() == {"a", "Song Played", "b"}
    assert (events["a"]["data"], events["b"]["data"]) == ({}, {})
    return events["Song Played"]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("NaN", None),
        ("-Infinity", None),
        ("1e999", None),
        ("1e99999999999999999999", None),
        ("9" * 5_000, None),
        (str(2**70), float(2**70)),
        ("1.5", 1.5),
        ('"a\\ud83d"', "a\ufffd"),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ('"a\\u0000b"', "ab"),
        ('"a\tb"', "a\tb"),
        ('"a\udcffb"', "a\ufffdb"),
        ('{"k": 1, "k": 2}', {"k": 2}),
        ('{"\\ud83d": NaN}', {"\ufffd": None}),
        ("[1, [NaN]]", [1, [None]]),
        ("[" * 8 + "]" * 8, [[[[[[[None]]]]]]]),
        ("[" * 400 + "]" * 400, [[[[[[[None]]]]]]]),
    ],
    ids=range(17),
)
async def test_a_value_that_cannot_be_stored_costs_no_event(
    keyed: httpx.AsyncClient, stored: Stored, value: str, kept: object
) -> None:
    """An invalid value is replaced or left out; its neighbours and the other messages are stored as they were sent."""
    members = f'"userId": "ada", "properties": {{"odd": {value}, "price": 1.5, "big": {2**60}}}'

    event = await store(keyed, stored, members)

    assert (event["user_id"], event["data"]) == ("ada", {"odd": kept, "price": 1.5, "big": 2**60})


@pytest.mark.parametrize(
    ("sent", "kept"), [("1", "1"), ("0", "0"), ("12.0", "12"), ("12.5", "12.5"), (str(2**80), str(2**80))]
)
@pytest.mark.parametrize("odd", ["1", "NaN"], ids=["clean", "NaN"])
async def test_ids_may_be_numbers(keyed: httpx.AsyncClient, stored: Stored, sent: str, kept: str, odd: str) -> None:
    """Numeric ids are the same ids as text."""
    ids = ", ".join(f'"{name}": {sent}' for name in ("userId", "anonymousId", "groupId", "messageId"))

    event = await store(keyed, stored, f'{ids}, "properties": {{"n": {odd}}}')

    assert (event["user_id"], event["anonymous_id"], event["data"]["groupId"]) == (kept, kept, kept)
    assert event["_id"] == event_id(kept)


@pytest.mark.parametrize("value", ["[]", "null", "[1]", '"x"', "7", "{}"])
async def test_what_is_no_object_is_an_empty_one(keyed: httpx.AsyncClient, stored: Stored, value: str) -> None:
    """PHP writes an empty object as an empty array."""
    members = f'"userId": "ada", "properties": {value}, "traits": {value}, "context": {value}'

    assert (await store(keyed, stored, members, around=f', "context": {value}'))["data"] == {}


@pytest.mark.parametrize(
    ("timestamp", "sent_at"),
    [
        ("2026-11-20T12:00:00", ""),
        ("2026-11-20T12:00:00", "soon"),
        ("2026-11-20 12:00:00", "0001-01-01T00:00:00Z"),
        ("2026-11-20T13:00:00+01:00", "Nov 18, 2021, 2:45:07 PM"),
        ("2026-11-20T12:00:00.0000000Z", None),
        ("2026-11-20T12:00:00", {}),
    ],
    ids=str,
)
@pytest.mark.parametrize("where", ["message", "batch"])
async def test_times_without_a_zone_are_utc_and_unreadable_ones_none(
    keyed: httpx.AsyncClient, stored: Stored, timestamp: str, sent_at: object, where: str
) -> None:
    """An impossible time of sending corrects nothing."""
    sent = f', "sentAt": {json.dumps(sent_at)}'
    members = f'"userId": "ada", "timestamp": "{timestamp}"{sent if where == "message" else ""}'

    event = await store(keyed, stored, members, around=sent if where == "batch" else "")

    assert event["occurred_at"] == NOON


async def test_a_time_of_sending_without_a_zone_is_utc(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """Kotlin omits the zone: the client's clock is still corrected."""
    members = '"userId": "ada", "timestamp": "2026-11-20T12:00:00", "sentAt": "2026-11-20T12:00:10"'

    event = await store(keyed, stored, members)

    assert (event["received_at"] - event["occurred_at"]).total_seconds() == 10


async def test_an_unreadable_time_is_that_of_receipt(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """An unreadable time is not corrected, whatever the time of sending."""
    event = await store(keyed, stored, '"userId": "ada", "timestamp": "yesterday", "sentAt": "2026-11-20T12:00:10Z"')

    assert event["occurred_at"] == event["received_at"]


async def test_texts_beside_the_type_are_data(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """A page's name may be long, have lines, or be a number; other values are left out."""
    name = "a\n" * 200

    event = await store(
        keyed, stored, f'"userId": "ada", "name": {json.dumps(name)}, "category": 7, "previousId": {{}}'
    )

    assert event["data"] == {"name": name, "category": "7"}


async def test_an_id_of_a_message_may_be_any_text(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """An id that is not a UUID is stored as one derived from it, and counts once."""
    message_id = "x" * 1_000 + "\n"
    message = {"type": "page", "userId": "ada", "messageId": message_id}
    for _ in range(2):
        assert (await keyed.post("/v1/batch", json={"batch": [message]})).status_code == 200

    assert [event["_id"] for event in await stored()] == [event_id(message_id)]


@pytest.mark.parametrize("odd", ["NaN", '"\\ud800"', '{"k": 1, "k": 2}', json.dumps(nested(9))], ids=range(4))
async def test_a_single_message_is_read_as_one_of_a_batch(keyed: httpx.AsyncClient, stored: Stored, odd: str) -> None:
    """An invalid value does not lose the event here either."""
    body = f'{{"userId": 7, "event": "Song Played", "properties": {{"odd": {odd}, "price": 2}}}}'

    response = await keyed.post("/v1/track", content=body, headers=typed())

    assert response.json() == {"success": True}
    assert [(event["user_id"], event["data"]["price"]) for event in await stored()] == [("7", 2)]


@pytest.mark.parametrize("odd", ["NaN", "{]", '{"event": NaN}', '"\\ud800"', "[" * 20_000 + "]" * 20_000], ids=range(5))
async def test_a_message_that_cannot_be_read_spoils_only_itself(
    keyed: httpx.AsyncClient, stored: Stored, odd: str
) -> None:
    """The neighbours of an unreadable message are stored."""
    response = await keyed.post("/v1/batch", content=f'{{"batch": [{BEFORE}, {odd}, {AFTER}]}}', headers=typed())

    assert response.status_code == 200
    assert [event["type"] for event in await stored()] == ["a", "b"]


async def test_what_is_said_of_all_messages_may_be_odd_too(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """The valid parts of the batch's context are stored."""
    around = '"context": {"locale": "de", "page": {"n": NaN}, "x": "\\ud800"}, "sentAt": NaN'

    response = await keyed.post("/v1/batch", content=f'{{"batch": [{AFTER}], {around}}}', headers=typed())

    assert response.status_code == 200
    assert [event["data"] for event in await stored()] == [{"context": {"locale": "de", "page": {"n": None}}}]


def test_what_can_be_stored_stays_as_it_is() -> None:
    """Repairing a repaired value changes nothing."""
    data = {"a": [1, -(2**63), 2**63 - 1, 1.5, True, None, "\U0001f600"], "$b.c": {"": {}}}
    mended = storable({"n": [Decimal("NaN"), Decimal(1), 2**63], **nested(12)})

    assert storable(data) == data
    assert storable(mended) == mended
