import asyncio
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.config import Config

from chassis.core.types import new_id
from cli.dev.files import ROOT
from cli.dev.postgres import EmbeddedPostgres

BEFORE_SAGA, SAGA = "91eb8cb2d46f", "c4b7cff9b4f0"
OLD = "SELECT id, product_id, quantity, unit_price_minor, total_price_minor, currency, status FROM orders ORDER BY id"
NEW = "SELECT id, product_id, quantity, unit_price_minor, total_price_minor, status FROM orders, order_lines"


def fetch(url: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Run a statement; returns its rows."""

    async def run() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return [tuple(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    return asyncio.run(run())


@pytest.fixture
def url(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of the schema before the saga, with one order."""
    url = postgres.create_database(f"orders_{new_id().hex}")
    monkeypatch.setenv("ORDER_DATABASE_URL", url)
    command.upgrade(config(), BEFORE_SAGA)
    fetch(
        url,
        "INSERT INTO orders (id, user_id, product_id, quantity, unit_price_minor, total_price_minor, currency, status)"
        " VALUES ($1, $2, $3, 2, 699, 1398, 'EUR', 'confirmed')",
        *(new_id() for _ in range(3)),
    )
    return url


def config() -> Config:
    """The configuration for Alembic."""
    return Config(ROOT / "order" / "alembic.ini")


def test_an_order_of_the_older_form_survives_the_way_there_and_back(url: str) -> None:
    """An old order becomes an order of one line, and on the way back the same order again."""
    (before,) = fetch(url, OLD)

    command.upgrade(config(), SAGA)
    (there,) = fetch(url, NEW)
    command.downgrade(config(), BEFORE_SAGA)

    assert there == (*before[:5], "confirmed")
    assert fetch(url, OLD) == [before]


def test_an_order_that_the_older_form_cannot_hold_is_lost_on_the_way_back(url: str) -> None:
    """An order of two lines is deleted on the way back; the other one stays."""
    (kept,) = fetch(url, OLD)
    command.upgrade(config(), SAGA)
    (order,) = fetch(
        url,
        "INSERT INTO orders (id, user_id, status, cause, total_price_minor, currency)"
        " VALUES ($1, $1, 'confirmed', 'stock_committed', 2, 'EUR') RETURNING id",
        new_id(),
    )
    for position in range(2):
        fetch(url, "INSERT INTO order_lines VALUES ($1, $2, $3, 1, 'Cup', 1)", *order, position, new_id())

    command.downgrade(config(), BEFORE_SAGA)

    assert fetch(url, OLD) == [kept]


def test_the_models_are_what_the_migrations_make(environment: dict[str, str]) -> None:
    """Columns, their types and sizes, and indexes match: there is nothing left to migrate."""
    command.check(config())
