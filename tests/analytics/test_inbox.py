from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from analytics.privacy.erase_user import erase_user
from chassis.core.clock import utc_now
from chassis.core.errors import BadGateway
from chassis.core.types import new_id
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from cli.dev.polling import eventually
from tests.support.aliases import Bearer, People
from tests.support.delivering import deliver

ADA = new_id()
DATA = {"path": "/pricing"}
ANONYMOUS: dict[str, Any] = {"user_id": None, "anonymous_id": None, "subject": None, "data": {}}


def event(kind: str = "user.registered", **differently: object) -> dict[str, Any]:
    """An event as the user service writes it."""
    return {
        "specversion": "1.0",
        "id": str(new_id()),
        "source": "/services/user",
        "type": kind,
        "subject": str(ADA),
        "userid": str(ADA),
        "time": utc_now().isoformat(),
        "dataschema": f"urn:event:{kind}:1",
        "requestid": "request-4711",
        "data": DATA,
        **differently,
    }


@pytest.fixture
def user(apps: dict[str, FastAPI], clean: None) -> Dispatcher:
    """Calls analytics as the user service."""
    dispatcher: Dispatcher = apps["user"].state.application.dispatcher
    return dispatcher


async def stored(apps: dict[str, FastAPI]) -> dict[str, dict[str, Any]]:
    """The stored events, by their id."""
    async with apps["analytics"].state.application.store.use() as database:
        return {document["_id"]: document async for document in database["events"].find()}


async def test_each_event_of_a_batch_is_stored_once(user: Dispatcher, apps: dict[str, FastAPI]) -> None:
    """A duplicate is reported, and the rest of the batch is stored."""
    first, second, third = (event() for _ in range(3))

    assert await deliver(user, "analytics", first, second) == ["accepted", "accepted"]
    assert await deliver(user, "analytics", second, third, first) == ["duplicate", "accepted", "duplicate"]
    assert len(await stored(apps)) == 3


async def test_an_event_is_stored_as_one_of_the_outside_is(user: Dispatcher, apps: dict[str, FastAPI]) -> None:
    """Person, time and type are stored; the id of the request is only logged."""
    one = event()

    await deliver(user, "analytics", one)

    document = (await stored(apps))[one["id"]]
    del document["occurred_at"], document["received_at"]
    assert document == {
        "_id": one["id"],
        "type": "user.registered",
        "source": "/services/user",
        "subject": str(ADA),
        "user_id": str(ADA),
        "anonymous_id": None,
        "data": DATA,
    }


async def test_an_event_out_of_bounds_is_refused_alone(user: Dispatcher, apps: dict[str, FastAPI]) -> None:
    """Services and outside programs have the same bounds."""
    bad, good = event(data={"text": "x" * 40_000}), event()

    assert await deliver(user, "analytics", bad, good) == ["refused", "accepted"]
    assert list(await stored(apps)) == [good["id"]]


@pytest.mark.parametrize("differently", [{"source": "/services/order"}, {"kind": "order.confirmed"}], ids=str)
async def test_a_service_speaks_for_itself_alone(
    user: Dispatcher, apps: dict[str, FastAPI], differently: dict[str, str]
) -> None:
    """A batch with another service's event is refused as a whole."""
    with pytest.raises(RemoteError) as refused:
        await deliver(user, "analytics", event(), event(**differently))

    assert refused.value.remote_code == "foreign_event"
    assert await stored(apps) == {}


async def test_the_outside_client_has_another_route(sealed: Dispatcher) -> None:
    """The outside client is refused, since it is not one of the publishers."""
    with pytest.raises(BadGateway):
        await deliver(sealed, "analytics", event(source="/services/client", kind="client.clicked"))


async def test_a_deleted_user_s_events_become_nobody_s(user: Dispatcher, apps: dict[str, FastAPI]) -> None:
    """A deleted user's events keep type and time, so all counts stay; another person's stay as they are."""
    hers, deleted = event(), event("user.deleted")
    his = event(userid=str(new_id()))
    await deliver(user, "analytics", hers, his)
    before = await stored(apps)

    assert await deliver(user, "analytics", deleted) == ["accepted"]

    after = await stored(apps)
    assert after[hers["id"]] == before[hers["id"]] | ANONYMOUS
    assert after[his["id"]] == before[his["id"]]
    assert after[deleted["id"]].items() >= ANONYMOUS.items()


async def test_events_that_come_after_the_deletion_are_anonymised(
    user: Dispatcher, sealed: Dispatcher, apps: dict[str, FastAPI]
) -> None:
    """Late events are anonymised by every route, in the same batch too, and even if they were published before."""
    late, later = event(), event()

    await deliver(user, "analytics", event("user.deleted"), late)
    await deliver(user, "analytics", later)
    await sealed.send("analytics", "POST", "/api/v1/analytics/events", json={"type": "page.viewed", "userid": str(ADA)})

    documents = await stored(apps)
    assert len(documents) == 4
    assert all(document.items() >= ANONYMOUS.items() for document in documents.values())


async def test_a_deletion_that_comes_twice_changes_nothing_more(user: Dispatcher, apps: dict[str, FastAPI]) -> None:
    """A second deletion is a duplicate without further effect."""
    deleted = event("user.deleted")
    await deliver(user, "analytics", event(), deleted)
    before = await stored(apps)

    assert await deliver(user, "analytics", deleted) == ["duplicate"]
    assert await stored(apps) == before


async def test_a_deletion_of_nobody_is_refused(user: Dispatcher, apps: dict[str, FastAPI]) -> None:
    """A deletion without a person is refused, since it must not look successful."""
    nobody = event("user.deleted")
    del nobody["userid"]

    assert await deliver(user, "analytics", nobody) == ["refused"]
    assert await stored(apps) == {}


async def test_erasing_somebody_unknown_is_no_error(apps: dict[str, FastAPI], clean: None) -> None:
    """The erasure of an unknown person succeeds, since their events may still arrive."""
    async with apps["analytics"].state.application.store.use() as database:
        await erase_user(database, ADA)
        await erase_user(database, ADA)

        assert await database["erased_users"].count_documents({}) == 1


# --- about product ---
async def test_what_happens_to_products_is_counted(people: People, bearer: Bearer) -> None:
    """Creating and changing a product are two events."""
    admin = bearer(role="admin")
    product = {"name": "Teapot", "price": 199.99, "stock": 5}
    created = (await people["product"].post("/api/v1/products", json=product, headers=admin)).json()
    await people["product"].patch(f"/api/v1/products/{UUID(created['id'])}", json={"price": 9.99}, headers=admin)

    async def are_counted() -> bool:
        stats = (await people["analytics"].get("/api/v1/analytics/stats")).json()
        return bool(stats["by_type"] == {"product.created": 1, "product.updated": 1})

    assert await eventually(are_counted)


# --- end about product ---
async def test_a_registration_is_counted_for_its_person(sealed: Dispatcher, people: People, user: Dispatcher) -> None:
    """The event and the account are stored in one transaction."""
    account = {"username": "ada", "email": "ada@example.org", "password": "correct horse battery"}
    ada = (await sealed.send("user", "POST", "/api/v1/users/register", json=account)).json()

    async def is_counted() -> bool:
        stats = (await user.send("analytics", "GET", f"/api/v1/analytics/users/{ada['id']}/stats")).json()
        return bool(stats["by_type"] == {"user.registered": 1})

    assert await eventually(is_counted)


# --- about order ---
async def test_a_confirmed_order_brings_revenue(apps: dict[str, FastAPI], clean: None) -> None:
    """Revenue has minor units and currency, of confirmed orders of the order service; without a total there is none."""
    data = {"items": [], "total_price_minor": 1999, "currency": "EUR", "cause": "stock reserved"}
    source = "/services/order"
    sold, gift = (event("order.confirmed", source=source, data={**data, **more}) for more in ({}, {"currency": None}))

    assert await deliver(apps["order"].state.application.dispatcher, "analytics", sold, gift) == [
        "accepted",
        "accepted",
    ]

    revenues = {event_id: document.get("revenue") for event_id, document in (await stored(apps)).items()}
    assert revenues == {sold["id"]: {"currency": "EUR", "minor": 1999}, gift["id"]: None}


# --- end about order ---
@pytest.mark.parametrize("time", ["1999-12-31T00:00:00Z", "2999-01-01T00:00:00Z"])
async def test_a_service_with_a_wrong_clock_is_told(user: Dispatcher, apps: dict[str, FastAPI], time: str) -> None:
    """The event of a service with a wrong clock is refused, so an operator notices."""
    assert await deliver(user, "analytics", event(time=time), event()) == ["refused", "accepted"]


async def test_a_twin_within_a_delivery_is_a_duplicate(user: Dispatcher, apps: dict[str, FastAPI]) -> None:
    """Of two events with one id in a delivery, the first one is stored."""
    one = event()

    assert await deliver(user, "analytics", one, one) == ["accepted", "duplicate"]
