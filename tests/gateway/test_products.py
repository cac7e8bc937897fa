"""The catalogue through the gateway."""

import pytest
from fastapi import FastAPI

from tests.gateway.comparing import Asked, assert_same
from tests.product.access import make_things
from tests.support.access import THING
from tests.support.aliases import Bearer, MakeUser, People

PRODUCT = f"/api/v1/products/{THING}"
REQUESTS: dict[str, Asked] = {
    "a thing with its ETag": ("GET", PRODUCT, {}),
    "its head": ("HEAD", PRODUCT, {}),
    "not modified": ("GET", PRODUCT, {"headers": {"if-none-match": "*"}}),
    "a page with the link to the next": ("GET", "/api/v1/products?limit=1", {}),
    "the page for another query": ("GET", "/api/v1/products?limit=1&limit=2&cursor=%00x", {}),
    "a precondition that does not hold": ("PATCH", PRODUCT, {"json": {}, "headers": {"if-match": '"0"'}}),
    "nothing there": ("GET", f"{PRODUCT[:-1]}9", {}),
    "no id": ("GET", "/api/v1/products/a%2Fb%20c", {}),
}


@pytest.mark.parametrize("what", REQUESTS)
async def test_an_answer_is_the_same_as_at_the_service(
    apps: dict[str, FastAPI], people: People, bearer: Bearer, make_user: MakeUser, what: str
) -> None:
    """Validators, links to the next page, lengths and problems."""
    admin = await make_user("admin", "admin")
    await make_things(apps, admin.id)

    await assert_same(people, "product", REQUESTS[what], bearer(admin))


async def test_a_validator_is_the_same_through_the_gateway_and_at_the_service(
    apps: dict[str, FastAPI], people: People, bearer: Bearer, make_user: MakeUser
) -> None:
    """The ETag of one is taken by the other; after a change it does not hold."""
    admin = await make_user("admin", "admin")
    await make_things(apps, admin.id)
    etag = (await people["product"].get(PRODUCT)).headers["etag"]
    headers = {**bearer(admin), "if-match": etag}

    unchanged = await people["gateway"].get(PRODUCT, headers={"if-none-match": etag})
    changed = await people["gateway"].patch(PRODUCT, json={"name": "Cup"}, headers=headers)
    late = await people["gateway"].patch(PRODUCT, json={"name": "Cup"}, headers=headers)

    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert (changed.status_code, late.status_code, late.json()["code"]) == (200, 412, "precondition_failed")
    assert (await people["product"].get(PRODUCT)).headers["etag"] == changed.headers["etag"] != etag
