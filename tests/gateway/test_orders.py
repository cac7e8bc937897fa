"""Orders through the gateway."""

import pytest
from fastapi import FastAPI

from tests.gateway.comparing import Asked, assert_same
from tests.product.access import make_things
from tests.support.access import THING
from tests.support.aliases import Bearer, MakeUser, People

ORDERS = "/api/v1/orders"
ORDER = {"product_id": THING, "quantity": 1}
REQUESTS: dict[str, Asked] = {
    "wrong values": ("POST", ORDERS, {"json": {**ORDER, "quantity": -1, "more": 1}}),
    "no JSON": ("POST", ORDERS, {"content": b"{", "headers": {"content-type": "application/json"}}),
    "another type": ("POST", ORDERS, {"content": b"a=b", "headers": {"content-type": "text/plain"}}),
    "a method that is not there": ("PUT", ORDERS, {}),
    "a slash at the end": ("POST", f"{ORDERS}/?a=b", {}),
}


@pytest.mark.parametrize("what", REQUESTS)
async def test_an_answer_is_the_same_as_at_the_service(
    people: People, bearer: Bearer, make_user: MakeUser, what: str
) -> None:
    """Refusals of values, bodies and methods, and the redirect of a slash at the end."""
    await assert_same(people, "order", REQUESTS[what], bearer(await make_user("ada")))


async def test_a_key_is_the_same_through_the_gateway_and_at_the_service(
    apps: dict[str, FastAPI], people: People, bearer: Bearer, make_user: MakeUser
) -> None:
    """The person owns it: a repeated request gets the first answer by the other way, too; other people have others."""
    ada, bob = await make_user("ada"), await make_user("bob")
    await make_things(apps, ada.id)
    headers = {"idempotency-key": "k"}

    placed = await people["gateway"].post(ORDERS, json=ORDER, headers={**headers, **bearer(ada)})
    again = await people["order"].post(ORDERS, json=ORDER, headers={**headers, **bearer(ada)})
    others = await people["gateway"].post(ORDERS, json=ORDER, headers={**headers, **bearer(bob)})

    assert (placed.status_code, again.status_code, others.status_code) == (201, 201, 201)
    assert again.json() == placed.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == placed.headers["location"] == f"{ORDERS}/{placed.json()['id']}"
    assert others.json()["id"] != placed.json()["id"]
