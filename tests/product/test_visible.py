from typing import Any

import pytest
from sqlalchemy import func, select, update

from chassis.postgres.database import Postgres
from product.models import Product, StockMovement
from tests.product.aliases import MakeProduct
from tests.product.conftest import TEAPOT
from tests.support.aliases import Bearer, People

PRODUCTS = "/api/v1/products"
UNSEEN = ["\u200b\u200b", "\u3164", "\u2800", "Tea\u202epot"]


async def stored(database: Postgres) -> list[Any]:
    """Return every product, and the number of lines in the ledger."""
    async with database.transaction() as session:
        row = func.row(Product.id, Product.name, Product.description, Product.stock)
        products = list(await session.scalars(select(row).order_by(Product.id)))
        return [*products, await session.scalar(select(func.count()).select_from(StockMovement))]


@pytest.mark.parametrize("text", UNSEEN)
async def test_text_that_nobody_can_see_is_refused(
    database: Postgres, people: People, bearer: Bearer, make_product: MakeProduct, text: str
) -> None:
    """Invisible text is refused as a name, a description and a reason; no product is created or changed."""
    admin, pot = bearer(role="admin"), f"{PRODUCTS}/{(await make_product())['id']}"
    await make_product()
    before = await stored(database)

    answers = [
        await people["product"].post(PRODUCTS, json=TEAPOT | {"name": text}, headers=admin),
        await people["product"].post(PRODUCTS, json=TEAPOT | {"description": text}, headers=admin),
        await people["product"].patch(pot, json={"name": text}, headers=admin),
        await people["product"].patch(pot, json={"description": text}, headers=admin),
        await people["product"].post(f"{pot}/stock", json={"change": 1, "reason": text}, headers=admin),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(422, "invalid_request")] * 5
    assert await stored(database) == before


async def test_a_name_that_was_taken_before_is_still_read(
    database: Postgres, people: People, bearer: Bearer, make_product: MakeProduct
) -> None:
    """An earlier product with such a name is listed and read unchanged, and can be corrected."""
    pot = f"{PRODUCTS}/{(await make_product())['id']}"
    async with database.transaction() as session:
        await session.execute(update(Product).values(name="\u200b", description="\u200b"))

    read, listed = await people["product"].get(pot), await people["product"].get(PRODUCTS)
    renamed = await people["product"].patch(pot, json={"name": "Teapot"}, headers=bearer(role="admin"))

    assert (read.status_code, read.json()["name"]) == (200, "\u200b")
    assert [one["name"] for one in listed.json()["items"]] == ["\u200b"]
    assert renamed.json()["name"] == "Teapot"
