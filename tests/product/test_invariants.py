from sqlalchemy import text

from chassis.postgres.database import Postgres
from cli.checks.contents import Contents
from product.invariants import check
from tests.product.aliases import MakeProduct


async def test_a_stock_that_is_not_its_ledger_is_named(
    environment: dict[str, str], database: Postgres, make_product: MakeProduct
) -> None:
    """A unit without a movement, and a held unit without a reservation, break a rule each; another product does not."""
    whole, wrong = await make_product(name="Cup"), await make_product()
    assert not any((await check(Contents(environment))).values())

    async with database.transaction() as session:
        await session.execute(
            text("UPDATE products SET stock = stock - 1, held = 1 WHERE id = :id"), {"id": wrong["id"]}
        )

    assert list((await check(Contents(environment))).values()) == [[wrong["id"]], [wrong["id"]]]
    assert whole["id"] != wrong["id"]
