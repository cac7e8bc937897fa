import gzip
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from analytics.ingestion.segment_schemas import Kind
from chassis.core.clock import utc_now
from tests.analytics.sending import Stored, typed

GZIP = typed({"Content-Encoding": "gzip"})


def track(**more: object) -> dict[str, Any]:
    """A message."""
    return {"type": "track", "event": "Song Played", "userId": "ada", **more}


async def send(client: httpx.AsyncClient, *messages: object, **more: object) -> httpx.Response:
    """Send a batch."""
    return await client.post("/v1/batch", json={"batch": messages, **more})


async def test_a_message_becomes_an_event(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """The event's name is the type, its properties the data; non-identifying parts of the context are stored."""
    message_id, now = str(uuid4()), utc_now()
    context = {"ip": "192.0.2.1", "userAgent": "x", "device": {"id": "y"}, "traits": {"email": "z"}, "locale": "de-DE"}
    message = track(
        messageId=message_id, anonymousId="guest", properties={"artist": "Nina"}, context=context, timestamp=str(now)
    )

    assert (await send(keyed, message)).json() == {"success": True}

    (event,) = await stored()
    assert event.pop("received_at") >= event.pop("occurred_at")
    assert event == {
        "_id": message_id,
        "type": "Song Played",
        "source": "/segment",
        "subject": None,
        "user_id": "ada",
        "anonymous_id": "guest",
        "data": {"artist": "Nina", "context": {"locale": "de-DE"}},
    }


@pytest.mark.parametrize("letters", [None, 1], ids=["long", "short"])
@pytest.mark.parametrize("kind", Kind)
async def test_each_call_has_its_address(
    keyed: httpx.AsyncClient, stored: Stored, kind: Kind, letters: int | None
) -> None:
    """The kind is the type of the event, except for track, whose event has a name. Browsers send the short routes."""
    told = {"name": "Home", "category": "Docs", "groupId": "club", "previousId": "guest", "event": "Song Played"}
    path = kind[:letters]

    response = await keyed.post(f"/v1/{path}", json={**told, "userId": "ada", "traits": {"plan": "pro"}})

    assert response.json() == {"success": True}
    (event,) = await stored()
    assert event["type"] == ("Song Played" if kind == "track" else kind)
    del told["event"]
    assert event["data"] == {**told, "plan": "pro"}


async def test_traits_of_an_identify_may_be_in_its_context(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """RudderStack's clients send them there; the message's own come first, and no other call's are stored."""
    context = {"traits": {"plan": "free", "size": 3}}
    no_objects: list[object] = [None, [], "pro", 7]
    odd = [{"type": "identify", "userId": "eve", "context": {"traits": traits}} for traits in no_objects]

    await send(keyed, {"type": "identify", "userId": "ada", "context": context, "traits": {"plan": "pro"}}, *odd)
    await send(keyed, *({"type": kind, "event": "x", "userId": "bob", "context": context} for kind in Kind))

    events = [(event["user_id"], event["type"], event["data"]) for event in await stored() if event["data"]]
    assert sorted(events) == [
        ("ada", "identify", {"plan": "pro", "size": 3}),
        ("bob", "identify", {"plan": "free", "size": 3}),
    ]


async def test_errors_have_a_message(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """Clients report code and message; RudderStack's for Python retries an error without a message."""
    unknown = await keyed.post("/v1/batch", json={"batch": [track()]}, auth=("wk_wrong_key", ""))
    refused = await send(keyed, {"type": "track"})

    for answer, status, code in ((unknown, 401, "invalid_write_key"), (refused, 400, "invalid_messages")):
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["message"]) == (status, code, problem["detail"])
    assert await stored() == []


async def test_a_client_s_wrong_clock_is_corrected(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """The difference to the time of sending corrects the client's clock."""
    before = utc_now()

    await send(keyed, track(timestamp="1970-01-01T00:00:10Z"), sentAt="1970-01-01T00:01:10Z")

    (event,) = await stored()
    assert timedelta(0) <= event["occurred_at"] + timedelta(minutes=1, milliseconds=1) - before < timedelta(seconds=30)


async def test_the_original_time_goes_before_the_other(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """Segment does the same; without a time of sending the original time counts as correct."""
    await send(keyed, track(timestamp="2026-11-20T10:00:00Z", originalTimestamp="2026-11-20T09:00:00Z"))

    assert [event["occurred_at"].hour for event in await stored()] == [9]


async def test_a_message_counts_once(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """A message is identified by its id, a UUID or any text; without one it is new each time."""
    for _ in range(2):
        await send(keyed, track(messageId="ajs-1"), track(messageId=str(uuid4()).upper()), track(messageId="ajs-1"))
    await send(keyed, track())

    assert len(await stored()) == 4


async def test_a_user_s_id_has_one_spelling(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """A user's id that is a UUID is an account's, whose events are erased with it."""
    ada = str(uuid4())

    await send(keyed, track(userId=ada.upper()))

    assert [event["user_id"] for event in await stored()] == [ada]


async def test_the_batch_speaks_for_its_messages(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """Fields of the batch apply to messages without them."""
    own = track(messageId="1", context={"locale": "fr"}, timestamp="2026-11-20T10:00:00Z")

    await send(keyed, own, track(timestamp="2026-11-20T11:00:00Z"), context={"locale": "de"}, sentAt=None)

    assert [event["data"] for event in await stored()] == [{"context": {"locale": "fr"}}, {"context": {"locale": "de"}}]


async def test_what_a_batch_says_of_all_is_short(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """The context is stored with each of 2,500 messages: 2 KiB are allowed; parts that are not stored do not count."""
    fits, exceeds = {"page": "x" * 2_000, "device": "x" * 9_000}, {"page": "x" * 2_048}

    assert (await send(keyed, track(messageId="1"), context=fits)).status_code == 200
    refused = await send(keyed, track(messageId="2"), context=exceeds)

    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_messages")
    assert [event["data"] for event in await stored()] == [{"context": {"page": "x" * 2_000}}]


async def test_empty_fields_are_none(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """Clients send null or an empty text for unknown values."""
    nothing = {"anonymousId": "", "properties": None, "traits": None, "context": None, "timestamp": None}

    assert (await send(keyed, track(**nothing))).status_code == 200
    assert [(event["anonymous_id"], event["data"]) for event in await stored()] == [(None, {})]


@pytest.mark.parametrize("path", ["batch", "b", "import", "import/"])
async def test_batches_have_the_addresses_of_every_client(keyed: httpx.AsyncClient, stored: Stored, path: str) -> None:
    """Batches are accepted at the addresses of browsers and phones, of Ruby and of Java."""
    assert (await keyed.post(f"/v1/{path}", json={"batch": [track()]})).json() == {"success": True}
    assert len(await stored()) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "track",
        {"type": "track", "event": "x"},
        {"type": "track", "userId": "ada"},
        {"type": "charge", "userId": "ada"},
        {"type": "track", "event": "x", "userId": True},
        track(userId="x" * 201),
        track(event="a\nb"),
        track(event="x" * 201),
        track(timestamp=str(utc_now() + timedelta(days=2))),
        track(timestamp="0001-01-01T00:00:00Z", sentAt="9999-01-01T00:00:00Z"),
        track(timestamp="9999-01-01T00:00:00Z", sentAt="0001-01-01T00:00:00Z"),
        track(properties={"text": "x" * 33_000}),
        track(traits={"text": "x" * 17_000}, properties={"more": "x" * 17_000}),
    ],
    ids=range(14),
)
async def test_a_wrong_message_spoils_only_itself(keyed: httpx.AsyncClient, stored: Stored, wrong: object) -> None:
    """The neighbours are stored: after an error, a client would drop or repeat all of them. Alone it is a 400."""
    assert (await send(keyed, track(), wrong, track())).status_code == 200
    assert len(await stored()) == 2

    response = await send(keyed, wrong)

    assert (response.status_code, response.json()["code"]) == (400, "invalid_messages")


async def test_operators_are_data(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """Operators are data in names, in values and in the type of an event."""
    properties = {"$where": "1", "a.b": {"$gt": ""}, "__proto__": {"x": 1}}

    await send(keyed, track(event="$set.a", userId="$ne", properties=properties))

    (event,) = await stored()
    assert (event["type"], event["user_id"], event["data"]) == ("$set.a", "$ne", properties)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"1", b'{"batch": {}}', b"{}", b'{"batch": [NaN]}', b'{"batch": [1], "batch": [2]}', b"\xff", b"\x00"],
    ids=str,
)
async def test_what_is_no_batch_is_a_400(keyed: httpx.AsyncClient, body: bytes) -> None:
    """Segment's clients expect a 400 for an invalid batch, not a 422."""
    response = await keyed.post("/v1/batch", content=body, headers=typed())

    assert response.status_code == 400


async def test_a_packed_batch_is_unpacked(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """The Content-Type of a compressed batch may be anything."""
    packed = gzip.compress(json.dumps({"batch": [track()]}).encode())

    response = await keyed.post("/v1/batch", content=packed, headers={"Content-Encoding": "gzip"})

    assert response.status_code == 200
    assert len(await stored()) == 1


PACKED = gzip.compress(b'{"batch":[]}')


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("batch", gzip.compress(bytes(10**8)), 413),
        ("batch", gzip.compress(b" " * 512_001), 413),
        ("track", gzip.compress(b" " * 32_769), 413),
        ("batch", b" " * 512_001, 413),
        ("track", b" " * 32_769, 413),
        ("batch", PACKED[:-4], 400),
        ("batch", PACKED + PACKED, 400),
        ("batch", PACKED + b"x", 400),
        ("batch", b"", 400),
        ("batch", b"{}", 400),
    ],
    ids=range(10),
)
async def test_bodies_over_the_cap_or_badly_packed_are_refused(
    keyed: httpx.AsyncClient, path: str, body: bytes, status: int
) -> None:
    """The caps are 500 KB for a batch and 32 KB for a message, decompressed; no more than that is decompressed."""
    headers = typed() if body.startswith(b" ") else GZIP

    assert (await keyed.post(f"/v1/{path}", content=body, headers=headers)).status_code == status


@pytest.mark.parametrize("encoding", ["GZIP", "Gzip", "x-gzip"])
async def test_gzip_has_other_spellings(keyed: httpx.AsyncClient, stored: Stored, encoding: str) -> None:
    """Names of encodings are case-insensitive (RFC 9110)."""
    packed = gzip.compress(json.dumps({"batch": [track()]}).encode())

    response = await keyed.post("/v1/batch", content=packed, headers=typed({"Content-Encoding": encoding}))

    assert response.status_code == 200
    assert len(await stored()) == 1


@pytest.mark.parametrize("encoding", ["identity", "Identity", ""])
async def test_a_body_may_be_said_to_be_plain(keyed: httpx.AsyncClient, stored: Stored, encoding: str) -> None:
    """The header ``identity`` changes nothing."""
    body = json.dumps({"batch": [track()]}).encode()

    response = await keyed.post("/v1/batch", content=body, headers=typed({"Content-Encoding": encoding}))

    assert response.status_code == 200
    assert len(await stored()) == 1


@pytest.mark.parametrize("encoding", ["deflate", "br", "gzip, gzip"])
async def test_other_encodings_are_refused(keyed: httpx.AsyncClient, encoding: str) -> None:
    """Other encodings are a 415."""
    response = await keyed.post("/v1/batch", content=PACKED, headers=typed({"Content-Encoding": encoding}))

    assert response.status_code == 415
