from typing import Any
from uuid import UUID

import pytest

from chassis.core.errors import BadGateway
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from product.models import MAX_STOCK
from tests.product.aliases import MakeProduct
from tests.product.conftest import TEAPOT
from tests.support.aliases import Bearer, People

PRODUCTS = "/api/v1/products"
NOTHING = UUID(int=0)


async def test_a_product_is_read_as_it_was_created(people: People, make_product: MakeProduct) -> None:
    """All fields are read as they were written, the price to the cent."""
    created = await make_product()

    read = await people["product"].get(f"{PRODUCTS}/{created['id']}")

    assert read.json() == created
    assert {name: created[name] for name in TEAPOT} == TEAPOT
    assert '"price":199.99' in read.text


async def test_the_largest_values_are_taken(people: People, make_product: MakeProduct) -> None:
    """Each value may be exactly at its limit; spaces around a name do not count."""
    largest = {"name": "x" * 200, "description": "x" * 5000, "price": 10_000_000_000, "stock": MAX_STOCK}

    created = await make_product(**largest | {"name": f" {largest['name']} "})

    read = (await people["product"].get(f"{PRODUCTS}/{created['id']}")).json()
    assert {name: read[name] for name in largest} == largest


async def test_a_new_product_is_at_its_location(people: People, bearer: Bearer) -> None:
    """The answer to its creation has its address."""
    created = await people["product"].post(PRODUCTS, json=TEAPOT, headers=bearer(role="admin"))

    assert (await people["product"].get(created.headers["location"])).json() == created.json()


async def test_a_product_may_begin_without_stock(people: People, bearer: Bearer) -> None:
    """Without a stock in the request, a new product has none."""
    given = {"name": "Teapot", "price": 5}

    created = await people["product"].post(PRODUCTS, json=given, headers=bearer(role="admin"))

    read = await people["product"].get(created.headers["location"])
    assert (created.status_code, read.json()["stock"]) == (201, 0)


async def test_update_changes_what_it_names(people: People, bearer: Bearer, make_product: MakeProduct) -> None:
    """A field that is left out stays unchanged."""
    created = await make_product()

    updated = await people["product"].patch(
        f"{PRODUCTS}/{created['id']}", json={"price": 5}, headers=bearer(role="admin")
    )

    assert updated.status_code == 200
    assert {name: updated.json()[name] for name in TEAPOT} == TEAPOT | {"price": 5.0}


async def test_delete_removes(people: People, bearer: Bearer, make_product: MakeProduct) -> None:
    """A deleted product is gone, and deleting it again is a 404."""
    address = f"{PRODUCTS}/{(await make_product())['id']}"

    first = await people["product"].delete(address, headers=bearer(role="admin"))
    second = await people["product"].delete(address, headers=bearer(role="admin"))

    assert (first.status_code, second.status_code) == (204, 404)
    assert (await people["product"].get(address)).status_code == 404


@pytest.mark.parametrize(("role", "status"), [("user", 403), (None, 401)])
async def test_writes_need_an_admin(people: People, bearer: Bearer, role: str | None, status: int) -> None:
    """Only an admin creates, changes or deletes."""
    headers = bearer(role=role) if role else {}
    address = f"{PRODUCTS}/{NOTHING}"

    answers = [
        await people["product"].post(PRODUCTS, json=TEAPOT, headers=headers),
        await people["product"].patch(address, json={"price": 1}, headers=headers),
        await people["product"].delete(address, headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [status] * 3


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"price": -1}, "/price"),
        ({"price": 1.999}, "/price"),
        ({"price": "1.99"}, "/price"),
        ({"price": True}, "/price"),
        ({"price": 10**11}, "/price"),
        ({"stock": 1.5}, "/stock"),
        ({"stock": True}, "/stock"),
        ({"price": 10_000_000_000.01}, "/price"),
        ({"stock": -1}, "/stock"),
        ({"stock": MAX_STOCK + 1}, "/stock"),
        ({"stock": 10**30}, "/stock"),
        ({"name": ""}, "/name"),
        ({"name": " "}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"description": "x" * 5001}, "/description"),
        ({"name": None}, "/name"),
        ({"colour": "red"}, "/colour"),
    ],
)
async def test_create_refuses_invalid_values(
    people: People, bearer: Bearer, change: dict[str, Any], pointer: str
) -> None:
    """The problem points to the invalid field."""
    response = await people["product"].post(PRODUCTS, json=TEAPOT | change, headers=bearer(role="admin"))

    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


async def test_an_update_must_name_something(people: People, bearer: Bearer, make_product: MakeProduct) -> None:
    """An empty update is refused."""
    created = await make_product()

    response = await people["product"].patch(f"{PRODUCTS}/{created['id']}", json={}, headers=bearer(role="admin"))

    assert (response.status_code, response.json()["code"]) == (422, "nothing_to_change")


async def test_the_list_can_be_walked_to_its_end(people: People, make_product: MakeProduct) -> None:
    """Page after page, by cursor or by link, each product appears once, newest first."""
    created = [(await make_product(name=f"Cup {number}"))["id"] for number in range(5)]
    seen, address = [], f"{PRODUCTS}?limit=2"
    while address:
        page = await people["product"].get(address)
        seen += [item["id"] for item in page.json()["items"]]
        address = page.links["next"]["url"] if "next" in page.links else ""

    assert seen == created[::-1]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=0", 422),
        ("limit=101", 422),
        ("limit=x", 422),
        ("cursor=abc", 400),
        ("cursor=%C3%A9", 400),
        ("cursor=%00", 400),
    ],
)
async def test_the_list_refuses_bad_pages(people: People, query: str, status: int) -> None:
    """Limits out of bounds and foreign cursors are a 4xx."""
    assert (await people["product"].get(f"{PRODUCTS}?{query}")).status_code == status


@pytest.mark.parametrize(
    "address", [f"{PRODUCTS}/{NOTHING}", f"{PRODUCTS}/nonsense", "/api/v1/nothing", f"{PRODUCTS}/%00"]
)
async def test_unknown_addresses_are_problems(people: People, address: str) -> None:
    """Unknown ids and paths are a problem document with a 4xx."""
    response = await people["product"].get(address)

    assert 400 <= response.status_code < 500
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_method_that_is_not_there_is_told_with_those_that_are(people: People) -> None:
    """A 405 has the Allow header."""
    response = await people["product"].put(PRODUCTS)

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, POST"


async def test_reservations_are_for_the_order_service_alone(people: People, sealed: Dispatcher) -> None:
    """A person is refused for lack of encryption; a sealed client is refused because it is not the order service."""
    address = f"/api/v1/reservations/{NOTHING}"

    plain = await people["product"].get(address)
    with pytest.raises(BadGateway) as refused:
        await sealed.send("product", "GET", address)

    assert plain.json()["code"] == "encryption_required"
    assert not isinstance(refused.value, RemoteError)
    assert "unsealed 401" in refused.value.message
