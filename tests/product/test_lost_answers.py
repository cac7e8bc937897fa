from uuid import UUID

import pytest
from sqlalchemy import select

from chassis.core.errors import AppError
from chassis.core.types import new_id
from chassis.dispatch.errors import RemoteError
from chassis.postgres.database import Postgres
from product.models import Base, Product, StockMovement
from tests.product.aliases import MakeProduct
from tests.product.conftest import TEAPOT
from tests.product.orders import stock_of
from tests.support.aliases import Bearer
from tests.support.databases import bystanders
from tests.support.lossy import losing_answers

PRODUCTS = "/api/v1/products"


def token(bearer: Bearer) -> str:
    """An admin's token."""
    return bearer(role="admin")["Authorization"].removeprefix("Bearer ")


async def test_an_adjustment_whose_answers_are_lost_is_made_once(
    environment: dict[str, str], bearer: Bearer, make_product: MakeProduct, database: Postgres
) -> None:
    """Sent three times with one key, -3 units are taken once; no other product changes."""
    pot, adjustment = await make_product(), {"change": -3, "reason": "Broken."}
    await make_product(name="Cup")

    async with bystanders(database, Base.metadata, pot["id"]), losing_answers(environment, "product") as dispatcher:
        answer = (
            await dispatcher.send(
                "product",
                "POST",
                f"{PRODUCTS}/{pot['id']}/stock",
                json=adjustment,
                idempotency_key=str(new_id()),
                bearer=token(bearer),
            )
        ).json()

    assert answer["stock"] == 2
    assert await stock_of(database, pot["id"]) == 2
    async with database.transaction() as session:
        made = select(StockMovement.quantity).where(StockMovement.kind == "adjustment")
        assert (await session.scalars(made)).all() == [-3]


async def test_a_product_whose_creation_is_not_heard_of_is_created_once(
    environment: dict[str, str], bearer: Bearer, make_product: MakeProduct, database: Postgres
) -> None:
    """Sent three times with one key, it is one product, and the first answer that arrives names it."""
    await make_product(name="Cup")

    async with bystanders(database, Base.metadata) as involved, losing_answers(environment, "product") as dispatcher:
        answer = await dispatcher.send(
            "product", "POST", PRODUCTS, json=TEAPOT, idempotency_key=str(new_id()), bearer=token(bearer)
        )
        product_id = answer.headers["location"].rpartition("/")[2]
        involved.add(product_id)

    async with database.transaction() as session:
        made = select(Product.id).where(Product.name == TEAPOT["name"])
        assert (await session.scalars(made)).all() == [UUID(product_id)]


async def test_without_a_key_nothing_is_repeated(
    environment: dict[str, str], bearer: Bearer, make_product: MakeProduct, database: Postgres
) -> None:
    """An adjustment without a key whose answer is lost fails, and is made once."""
    pot = await make_product()

    async with losing_answers(environment, "product") as dispatcher:
        with pytest.raises(AppError):
            await dispatcher.send(
                "product",
                "POST",
                f"{PRODUCTS}/{pot['id']}/stock",
                json={"change": -3, "reason": "Broken."},
                bearer=token(bearer),
            )

    assert await stock_of(database, pot["id"]) == 2


async def test_a_patch_with_a_key_is_refused(
    environment: dict[str, str], bearer: Bearer, make_product: MakeProduct, database: Postgres
) -> None:
    """A key on a PATCH is refused, even when answers are lost: a repetition would undo changes made in between."""
    pot = await make_product()

    async with bystanders(database, Base.metadata), losing_answers(environment, "product") as dispatcher:
        with pytest.raises(RemoteError) as refused:
            await dispatcher.send(
                "product",
                "PATCH",
                f"{PRODUCTS}/{pot['id']}",
                json={"stock": 1},
                idempotency_key=str(new_id()),
                bearer=token(bearer),
            )

    assert refused.value.remote_code == "idempotency_key_not_taken"
