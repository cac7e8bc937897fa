from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.json import loads
from chassis.core.types import new_id
from chassis.postgres.database import Postgres
from chassis.postgres.tables import outbox
from product.schemas import ProductCreate, ProductUpdate
from product.services.create_product import create_product
from product.services.update_product import update_product
from tests.product.aliases import MakeProduct
from tests.product.conftest import TEAPOT


async def published_events(session: AsyncSession, subject: UUID) -> list[tuple[str, dict[str, Any]]]:
    """Return the events that the transaction has published about a product."""
    messages = (await session.scalars(select(outbox.c.message).order_by(outbox.c.position))).all()
    events = [loads(message.encode()) for message in messages]
    return [(event["type"], event["data"]) for event in events if event["subject"] == str(subject)]


async def test_a_new_product_is_announced_as_it_is_stored(clean: None, database: Postgres) -> None:
    """The event has the name, and the price in minor units."""
    async with database.transaction() as session:
        product = await create_product(
            session, ProductCreate.model_validate(TEAPOT | {"price": Decimal("199.99")}), "CHF", new_id()
        )
        found = await published_events(session, product.id)

    assert found == [("product.created", {"name": "Teapot", "price_minor": 19999, "currency": "CHF"})]
    assert (product.price_minor, product.currency) == (19999, "CHF")


async def test_an_update_is_announced_with_the_names_of_its_fields(
    make_product: MakeProduct, database: Postgres
) -> None:
    """The names are sorted, and only those of the given fields."""
    pot, _cup = [UUID((await make_product(name=name))["id"]) for name in ("Pot", "Cup")]
    change = ProductUpdate(stock=7, name="Jug")

    async with database.transaction() as session:
        await update_product(session, pot, change, None, new_id())
        found = await published_events(session, pot)

    assert found[-1] == ("product.updated", {"changed": ["name", "stock"]})
