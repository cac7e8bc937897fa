import asyncio
from typing import Any

import pytest
from fastapi import FastAPI

from chassis.core.types import new_id
from tests.product.aliases import MakeProduct
from tests.product.orders import Orders
from tests.sealing.messages import Forge, send
from tests.support.aliases import Bearer, People

PRODUCTS = "/api/v1/products"


def address_of(product: dict[str, Any]) -> str:
    """Return the address of a product."""
    return f"/api/v1/products/{product['id']}"


async def test_a_product_that_is_known_is_not_sent_again(people: People, make_product: MakeProduct) -> None:
    """With If-None-Match the answer is 304 while nothing has changed."""
    address = address_of(await make_product())
    first = await people["product"].get(address)

    again = await people["product"].get(address, headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


async def test_a_sale_makes_another_tag(people: People, make_product: MakeProduct, orders: Orders) -> None:
    """A reader never gets 304 for a stock that has changed."""
    pot = await make_product()
    known = (await people["product"].get(address_of(pot))).headers["etag"]
    await orders.reserve(new_id(), **{pot["id"]: 1})

    answer = await people["product"].get(address_of(pot), headers={"If-None-Match": known})

    assert (answer.status_code, answer.json()["stock"]) == (200, 4)
    assert answer.json() == pot | {"stock": 4}


@pytest.mark.parametrize("by_ids", [False, True])
async def test_a_list_that_is_known_is_not_sent_again(
    people: People, make_product: MakeProduct, orders: Orders, *, by_ids: bool
) -> None:
    """A page has a tag, which changes with each product on it, and with the pages after it; so have products by id."""
    pot, cup = await make_product(name="Pot"), await make_product(name="Cup")
    params: dict[str, Any] = {"ids": [pot["id"], cup["id"]]} if by_ids else {"limit": 2}
    first = await people["product"].get(PRODUCTS, params=params)
    known = {"If-None-Match": first.headers["etag"]}

    again = await people["product"].get(PRODUCTS, params=params, headers=known)
    await orders.reserve(new_id(), **{pot["id"]: 1})
    sold = await people["product"].get(PRODUCTS, params=params, headers=known)
    shorter = await people["product"].get(PRODUCTS, params={"limit": 1})
    await make_product(name="Lid")
    longer = await people["product"].get(PRODUCTS, params={"limit": 2, "sort": "name"})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (sold.status_code, {one["stock"] for one in sold.json()["items"]}) == (200, {4, 5})
    assert len({one.headers["etag"] for one in (first, sold, shorter, longer)}) == 4


@pytest.mark.parametrize(("change", "status"), [({"name": "Pot"}, 200), ({"name": "Pot", "stock": 5}, 412)])
async def test_a_sale_hinders_only_whoever_sets_the_stock(
    people: People, bearer: Bearer, make_product: MakeProduct, orders: Orders, change: dict[str, Any], status: int
) -> None:
    """After a sale the earlier tag still permits changing a name, but not setting the stock."""
    pot = await make_product()
    read = (await people["product"].get(address_of(pot))).headers["etag"]
    await orders.reserve(new_id(), **{pot["id"]: 1})

    answer = await people["product"].patch(
        address_of(pot), json=change, headers=bearer(role="admin") | {"If-Match": read}
    )

    assert answer.status_code == status
    assert (await people["product"].get(address_of(pot))).json()["stock"] == 4


async def test_a_sale_does_not_hinder_a_deletion(
    people: People, bearer: Bearer, make_product: MakeProduct, orders: Orders
) -> None:
    """The tag from before the sale permits the deletion."""
    pot = await make_product()
    read = (await people["product"].get(address_of(pot))).headers["etag"]
    await orders.reserve(new_id(), **{pot["id"]: 1})

    answer = await people["product"].delete(address_of(pot), headers=bearer(role="admin") | {"If-Match": read})

    assert answer.status_code == 204
    assert (await people["product"].get(address_of(pot))).status_code == 404


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_a_write_from_an_old_edition_is_refused(
    people: People, bearer: Bearer, make_product: MakeProduct, method: str
) -> None:
    """A write with an outdated tag is a 412; with the tag in that answer the same write succeeds."""
    address, admin = address_of(await make_product()), bearer(role="admin")
    body = {"price": 2} if method == "PATCH" else None
    old = (await people["product"].get(address)).headers["etag"]
    new = (await people["product"].patch(address, json={"price": 1}, headers=admin | {"If-Match": old})).headers["etag"]

    refused = await people["product"].request(method, address, headers=admin | {"If-Match": old}, json=body)
    unchanged = (await people["product"].get(address)).json()["price"]
    done = await people["product"].request(method, address, headers=admin | {"If-Match": new}, json=body)

    assert (refused.status_code, refused.json()["code"], unchanged) == (412, "precondition_failed", 1)
    assert done.is_success


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("if_match", "status"), [("*", 200), ('"9-9", "1-5"', 200), ('W/"1-5"', 412), ('"x"', 412), ("", 412), ("1-5", 400)]
)
async def test_if_match_is_read_as_http_has_it(
    people: People, bearer: Bearer, make_product: MakeProduct, method: str, if_match: str, status: int
) -> None:
    """A star and lists match, weak tags never do, and a malformed tag is a 400."""
    address = address_of(await make_product())
    body = {"stock": 1} if method == "PATCH" else None

    answer = await people["product"].request(
        method, address, headers=bearer(role="admin") | {"If-Match": if_match}, json=body
    )

    assert answer.status_code == (204 if method == "DELETE" and status == 200 else status)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_what_is_not_there_is_a_404_whatever_is_asked(
    people: People, bearer: Bearer, make_product: MakeProduct, method: str
) -> None:
    """A precondition on a product that does not exist is a 404, not a 412."""
    address, admin = address_of(await make_product()), bearer(role="admin")
    await people["product"].delete(address, headers=admin)
    body = {"price": 2} if method == "PATCH" else None

    answer = await people["product"].request(method, address, headers=admin | {"If-Match": '"1-5"'}, json=body)

    assert (answer.status_code, answer.json()["code"]) == (404, "product_not_found")


async def test_of_two_writes_from_one_edition_one_wins(
    people: People, bearer: Bearer, make_product: MakeProduct
) -> None:
    """Of ten admins who edit the same version at once, nine get a 412."""
    address = address_of(await make_product())
    headers = bearer(role="admin") | {"If-Match": (await people["product"].get(address)).headers["etag"]}

    answers = await asyncio.gather(
        *(people["product"].patch(address, json={"price": price}, headers=headers) for price in range(1, 11))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9
    won = next(answer for answer in answers if answer.status_code == 200)
    assert (await people["product"].get(address)).json() == won.json()


async def test_tags_count_inside_a_seal_as_well(
    apps: dict[str, FastAPI], environment: dict[str, str], people: People, bearer: Bearer, make_product: MakeProduct
) -> None:
    """A sealed read is answered with a sealed 304, a sealed write with an outdated tag with a sealed 412."""
    path, url = address_of(await make_product()), environment["PRODUCT_SERVICE_URL"]
    read = Forge("client", "product", environment, "GET", path, headers={"if-none-match": '"1-5"'}).message()
    old = {"authorization": bearer(role="admin")["Authorization"], "if-match": '"0-5"'}
    write = Forge("client", "product", environment, "PATCH", path, json={"price": 1}, headers=old).message()

    known = read.open(await send(url, read.wire))
    refused = write.open(await send(url, write.wire))

    assert (known.status, known.headers["etag"], known.body) == (304, '"1-5"', b"")
    assert (refused.status, refused.code) == (412, "precondition_failed")
