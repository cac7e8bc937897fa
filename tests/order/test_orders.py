from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from chassis.auth.tokens import TokenIssuer
from chassis.ids import new_id
from chassis.testing import eventually
from cli.stack.secrets import ensure_secrets
from tests.aliases import Bearer, People

ORDERS = "/api/v1/orders"
NOTHING = UUID(int=0)


@pytest.fixture
async def teapot(people: People, bearer: Bearer) -> str:
    """The id of a product of 199.99 of which there are 5."""
    product = {"name": "Teapot", "price": 199.99, "stock": 5}
    response = await people["product"].post("/api/v1/products", json=product, headers=bearer(role="admin"))
    return str(response.json()["id"])


async def test_an_order_has_the_price_of_the_product(people: People, bearer: Bearer, teapot: str) -> None:
    """Prices come from the product service and are multiplied exactly."""
    response = await people["order"].post(ORDERS, json={"product_id": teapot, "quantity": 3}, headers=bearer())

    order = response.json()
    assert response.status_code == 201
    assert (order["product_id"], order["quantity"]) == (teapot, 3)
    assert (order["unit_price"], order["total_price"], order["status"]) == (199.99, 599.97, "confirmed")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"product_id": str(NOTHING)}, 404, "product_not_found"),
        ({"quantity": 6}, 409, "insufficient_stock"),
        ({"quantity": 0}, 422, "invalid_request"),
        ({"quantity": -1}, 422, "invalid_request"),
        ({"quantity": "1"}, 422, "invalid_request"),
        ({"price": 0.01}, 422, "invalid_request"),
        ({"product_id": "x"}, 422, "invalid_request"),
    ],
)
async def test_an_order_that_cannot_be_is_refused(
    people: People, bearer: Bearer, teapot: str, change: dict[str, Any], status: int, code: str
) -> None:
    """The refusal says why, and no order is stored."""
    headers = bearer()
    wanted = {"product_id": teapot, "quantity": 1} | change

    response = await people["order"].post(ORDERS, json=wanted, headers=headers)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert (await people["order"].get(ORDERS, headers=headers)).json()["items"] == []


async def test_people_see_their_own_orders_alone(
    people: People, bearer: Bearer, apps: dict[str, FastAPI], teapot: str
) -> None:
    """Somebody else's order is not in the list, and its id is a 404."""
    hers, his = bearer(), bearer()
    order = (await people["order"].post(ORDERS, json={"product_id": teapot, "quantity": 1}, headers=hers)).json()

    assert (await people["order"].get(f"{ORDERS}/{order['id']}", headers=hers)).json() == order
    assert (await people["order"].get(ORDERS, headers=hers)).json()["items"] == [order]
    assert (await people["order"].get(f"{ORDERS}/{order['id']}", headers=his)).status_code == 404
    assert (await people["order"].get(ORDERS, headers=his)).json()["items"] == []


async def test_a_foreign_token_is_refused(people: People, teapot: str, tmp_path: Path) -> None:
    """A token signed by somebody else's key is worth nothing."""
    foreign_key = ensure_secrets(tmp_path / "secrets.json", [])["JWT_PRIVATE_KEY"]
    token = TokenIssuer(foreign_key, "user", "sealed-services").issue(new_id(), new_id(), ["admin"])

    response = await people["order"].get(ORDERS, headers={"Authorization": f"Bearer {token}"})

    assert (response.status_code, response.json()["code"]) == (401, "invalid_token")


async def test_an_order_reaches_analytics(people: People, bearer: Bearer, teapot: str) -> None:
    """A confirmed order is counted."""
    await people["order"].post(ORDERS, json={"product_id": teapot, "quantity": 1}, headers=bearer())

    async def is_counted() -> bool:
        stats = (await people["analytics"].get("/api/v1/analytics/stats")).json()
        return bool(stats["by_type"] == {"order.confirmed": 1})

    assert await eventually(is_counted)
