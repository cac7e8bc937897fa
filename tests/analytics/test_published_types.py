from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from analytics.main import build
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from chassis.messaging.event import publisher_of
from cli.client import client
from cli.dev.secrets import ensure_secrets
from tests.analytics.sending import BATCH, CLOUD_EVENT, CLOUD_EVENTS, EVENTS, Stored, typed
from tests.support.delivering import deliver
from tests.support.plain import NO_AUTHORITIES
from tests.support.serving import serve

Sent = Callable[[httpx.AsyncClient, str], Awaitable[str]]
"""Sends an event of a type after one of ``page.viewed``, and returns its answer as text."""
DATA = {"total_price_minor": 1_000_000, "currency": "EUR"}


def event(kind: str, **more: object) -> dict[str, Any]:
    """An event in every form."""
    return {"specversion": "1.0", "id": str(uuid4()), "source": "/shop", "type": kind, "data": DATA, **more}


async def ours(client: httpx.AsyncClient, kind: str) -> str:
    """One event."""
    await client.post(EVENTS, json=event("page.viewed"))
    return (await client.post(EVENTS, json=event(kind))).text


async def structured(client: httpx.AsyncClient, kind: str) -> str:
    """A CloudEvent."""
    await client.post(EVENTS, json=event("page.viewed"))
    return (await client.post(EVENTS, json=event(kind), headers=typed(content_type=CLOUD_EVENT))).text


async def binary(client: httpx.AsyncClient, kind: str) -> str:
    """A CloudEvent in headers, which are percent-encoded."""
    await client.post(EVENTS, json=event("page.viewed"))
    sent = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/shop", "ce-type": kind.replace(".", "%2e")}
    return (await client.post(EVENTS, json=DATA, headers=sent)).text


async def batch(client: httpx.AsyncClient, kind: str) -> str:
    """A batch of ours."""
    return (await client.post(BATCH, json={"events": [event("page.viewed"), event(kind)]})).text


async def cloud_batch(client: httpx.AsyncClient, kind: str) -> str:
    """A batch of CloudEvents."""
    events = [event("page.viewed"), event(kind)]
    return (await client.post(BATCH, json=events, headers=typed(content_type=CLOUD_EVENTS))).text


async def segment(client: httpx.AsyncClient, kind: str) -> str:
    """A message of Segment's clients."""
    await client.post(EVENTS, json=event("page.viewed"))
    return (await client.post("/v1/t", json={"userId": "ada", "event": kind, "properties": DATA})).text


@pytest.mark.parametrize("kind", ["order.confirmed", "product.created", "user.deleted", "order.never"])
@pytest.mark.parametrize("send", [ours, structured, binary, batch, cloud_batch, segment])
async def test_what_services_publish_is_taken_from_them_alone(
    keyed: httpx.AsyncClient, stored: Stored, send: Sent, kind: str
) -> None:
    """Every route refuses the event with a reason; its neighbour is stored."""
    answer = await send(keyed, kind)

    service = publisher_of(kind)
    assert f"must not begin with '{service}.': the {service} service alone publishes such events" in answer
    assert [event["type"] for event in await stored()] == ["page.viewed"]


async def test_a_segment_batch_leaves_them_out(keyed: httpx.AsyncClient, stored: Stored) -> None:
    """The other events of the batch are stored, and the client gets no error."""
    messages = [{"type": "track", "userId": "ada", "event": kind} for kind in ("Order Completed", "order.confirmed")]

    assert (await keyed.post("/v1/batch", json={"batch": messages})).json() == {"success": True}
    assert [event["type"] for event in await stored()] == ["Order Completed"]


async def test_a_sealed_program_sends_none_either(sealed: Dispatcher, stored: Stored) -> None:
    """Published events arrive at the inbox."""
    with pytest.raises(RemoteError) as refused:
        await sealed.send("analytics", "POST", EVENTS, json={"type": "order.confirmed", "data": DATA})

    assert refused.value.remote_status == 422
    assert await stored() == []


@pytest.mark.parametrize(
    "kind", ["order", "orders.confirmed", "Order.confirmed", "my.order.confirmed", "order-confirmed"]
)
async def test_other_types_are_anybody_s(keyed: httpx.AsyncClient, stored: Stored, kind: str) -> None:
    """Only types with the name of a service and a dot are reserved."""
    assert (await keyed.post(EVENTS, json=event(kind))).status_code == 201
    assert [event["type"] for event in await stored()] == [kind]


async def test_a_new_service_delivers_as_soon_as_it_is_linked(
    apps: dict[str, FastAPI],
    environment: dict[str, str],
    stored: Stored,
    write_key: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A new service's events are accepted from it only, and under its own name only, without any list to extend."""
    links = ensure_secrets(tmp_path / "secrets.json", [("shop", "analytics"), ("analytics", "shop")])
    for name, value in links.items():
        monkeypatch.setenv(name, value)
    sold = {**event("shop.sold"), "source": "/services/shop", "time": "2026-11-26T12:00:00Z"}

    async with (
        serve(build()) as address,
        client({**environment, **links, "ANALYTICS_SERVICE_URL": address}, "shop", {"analytics"}) as shop,
        httpx.AsyncClient(base_url=address, auth=(write_key, ""), verify=NO_AUTHORITIES) as outsider,
    ):
        taken = await deliver(shop, "analytics", sold)
        refused = await outsider.post(EVENTS, json=event("shop.sold"))
        with pytest.raises(RemoteError) as foreign:
            await deliver(shop, "analytics", {**sold, "type": "order.confirmed"})

    assert taken == ["accepted"]
    assert "the shop service alone publishes such events" in refused.text
    assert foreign.value.remote_code == "foreign_event"
    assert [one["type"] for one in await stored()] == ["shop.sold"]
