from typing import Any
from uuid import uuid4

import httpx
import pytest

from analytics.ingestion.cloudevents import attributes
from analytics.ingestion.event_ids import event_id
from chassis.sealing.access import CLIENT
from tests.analytics.sending import BATCH, CLOUD_EVENT, CLOUD_EVENTS, EVENTS, Stored, typed
from tests.sealing.messages import Forge, send


def cloud(**more: object) -> dict[str, Any]:
    """An event as another program writes it."""
    return {
        "specversion": "1.0",
        "id": "A234-1234",
        "source": "https://example.org/shop",
        "type": "com.example.sold",
    } | more


def headers(**more: str) -> dict[str, str]:
    """The same event in headers."""
    return typed({f"ce-{name}": value for name, value in cloud(**more).items()})


async def test_a_batch_of_cloud_events_is_taken(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """A batch is an array; each event is validated separately, and unknown attributes are ignored."""
    events = [cloud(id="1", requestid="r-1"), cloud(id="2", source=None), cloud(id="3", datacontenttype="text/plain")]

    response = await keyed.post(BATCH, json=events, headers=typed(content_type=CLOUD_EVENTS))

    assert [item["status"] for item in response.json()["items"]] == ["inserted", "invalid", "invalid"]
    assert len(await stored()) == 1


async def test_an_id_counts_within_its_source(keyed: httpx.AsyncClient) -> None:
    """The same id from another source is another event."""
    events = [cloud(), cloud(), cloud(source="/elsewhere")]

    response = await keyed.post(BATCH, json=events, headers=typed(content_type=CLOUD_EVENTS))

    assert [item["status"] for item in response.json()["items"]] == ["inserted", "duplicate", "inserted"]


async def test_a_uuid_is_the_same_event_in_every_form(keyed: httpx.AsyncClient) -> None:
    """An event sent once as a CloudEvent and once as our own JSON, with its id in any spelling, counts once."""
    sent = str(uuid4())

    first = await keyed.post(EVENTS, json=cloud(id=sent.upper()), headers=typed(content_type=CLOUD_EVENT))
    second = await keyed.post(EVENTS, json={"id": sent, "type": "x"})

    assert [first.json(), second.json()] == [{"id": sent, "status": "inserted"}, {"id": sent, "status": "duplicate"}]


def test_ids_that_are_no_uuids_never_change() -> None:
    """An id that is not a UUID is mapped to a fixed one, or a repeated event would count again."""
    assert event_id("A234-1234", "/shop") == "47a65d64-f182-5566-85d6-bcf2a4bb7fe7"
    assert event_id("message-1") == "e9895e28-a462-56b8-ad00-ad4a9507577a"


@pytest.mark.parametrize("missing", ["specversion", "id", "source", "type"])
async def test_a_cloud_event_has_its_required_attributes(keyed: httpx.AsyncClient, missing: str) -> None:
    """An event without a required attribute is refused."""
    event = {name: value for name, value in cloud().items() if name != missing}

    response = await keyed.post(EVENTS, json=event, headers=typed(content_type=CLOUD_EVENT))

    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, f"/{missing}")


@pytest.mark.parametrize(
    "wrong",
    [
        {"specversion": "0.3"},
        {"id": ""},
        {"id": "x" * 201},
        {"type": "a\nb"},
        {"type": "\u200b\u3164"},
        {"subject": "\u2800"},
        {"source": "/services/order"},
        {"time": "noon"},
        {"data": "text"},
        {"data": None},
        {"data_base64": "eA=="},
        {"datacontenttype": "application/xml"},
        {"userid": "ada"},
    ],
    ids=str,
)
async def test_a_cloud_event_that_we_cannot_take_is_refused(keyed: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    """The error names the attribute."""
    response = await keyed.post(EVENTS, json=cloud(**wrong), headers=typed(content_type=CLOUD_EVENT))

    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, f"/{next(iter(wrong))}")


@pytest.mark.parametrize(
    "wrong",
    [
        [("ce-id", "1"), ("ce-id", "2")],
        [("ce-id", "%ff")],
        [("ce-id", "\u00fc")],
        [("ce-id", "%0a")],
    ],
    ids=["twice", "not-UTF-8", "not-ASCII", "control"],
)
async def test_headers_that_can_be_read_in_two_ways_are_refused(
    keyed: httpx.AsyncClient, wrong: list[tuple[str, str]]
) -> None:
    """Ambiguous headers are refused: a proxy could read them the other way."""
    others = {name: value for name, value in headers().items() if name != "ce-id"}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in [*others.items(), *wrong]]

    response = await keyed.post(EVENTS, content=b"{}", headers=raw)

    assert response.status_code == 422


@pytest.mark.parametrize("body", [b"price=1", b"[]", b"\xff"], ids=["form", "list", "bytes"])
async def test_a_binary_event_without_a_type_has_json(keyed: httpx.AsyncClient, stored: Stored, body: bytes) -> None:
    """Anything else is refused, and nothing is stored."""
    untyped = {name: value for name, value in headers().items() if name.startswith("ce-")}

    response = await keyed.post(EVENTS, content=body, headers=untyped)

    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert await stored() == []


def test_quotes_around_a_header_are_taken_off() -> None:
    """The binding requires removing quotes, because older senders write them."""
    assert attributes([("ce-subject", '"a \\"b\\" %C3%BC"'), ("x", "y")]) == {"subject": 'a "b" \u00fc'}


async def test_a_binary_event_may_have_no_body(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """An event without a body has no data; a header ce-data is not data."""
    response = await keyed.post(EVENTS, headers=headers(data="forged"))

    assert response.status_code == 201
    assert [event["data"] for event in await stored()] == [{}]


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        (EVENTS, typed(content_type="text/plain")),
        (EVENTS, typed(content_type="application/xml")),
        (EVENTS, typed(content_type=CLOUD_EVENTS)),
        (EVENTS, {}),
        (EVENTS, headers() | typed(content_type="text/plain")),
        (EVENTS, headers() | typed(content_type="application/octet-stream")),
        (BATCH, typed(content_type=CLOUD_EVENT)),
        (BATCH, headers()),
        (BATCH, {"ce-specversion": "1.0"}),
        (BATCH, typed(content_type="text/plain")),
        (BATCH, typed({"Content-Encoding": "gzip"})),
    ],
    ids=range(11),
)
async def test_other_forms_are_refused(keyed: httpx.AsyncClient, path: str, sent: dict[str, str]) -> None:
    """The error names the supported forms."""
    response = await keyed.post(path, content=b"{}", headers=sent)

    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


async def test_headers_outside_a_seal_say_nothing_of_the_event(
    environment: dict[str, str], clean: None, stored: Stored
) -> None:
    """The seal covers the event; headers added on the way are ignored."""
    wire = Forge(CLIENT, "analytics", environment, "POST", EVENTS, json={"type": "sealed"}).valid()
    for name, value in headers(type="forged").items():
        wire = wire.adding(name, value) if name.startswith("ce-") else wire

    answer = await send(environment["ANALYTICS_SERVICE_URL"], wire)

    assert answer.status == 201
    assert [event["type"] for event in await stored()] == ["sealed"]
