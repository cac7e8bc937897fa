import asyncio
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.config import Config

from cli.dev.files import ROOT
from cli.dev.postgres import EmbeddedPostgres

BEFORE_THE_LEDGER = "90f1ccf2825d"
ADD = """
INSERT INTO products (id, name, price_minor, currency, stock) VALUES
    ('0197a6b2-0000-7000-8000-000000000001', 'Teapot', 1, 'EUR', 5),
    ('0197a6b2-0000-7000-8000-000000000002', 'Cup', 1, 'EUR', 0)
"""


def query(url: str, statement: str) -> list[Any]:
    """Run a statement; returns its rows."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return asyncio.run(run())


def test_what_was_there_before_begins_the_ledger(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """A product with stock gets an initial movement of that many units, at the time of its creation."""
    url = postgres.create_database("product_before_the_ledger")
    monkeypatch.setenv("PRODUCT_DATABASE_URL", url)
    config = Config(ROOT / "product" / "alembic.ini")
    command.upgrade(config, BEFORE_THE_LEDGER)
    query(url, ADD)

    command.upgrade(config, "head")

    ledger = (
        "SELECT name, quantity, kind, at = created_at FROM stock_movements m JOIN products p ON p.id = m.product_id"
    )
    assert query(url, ledger) == [("Teapot", 5, "initial", True)]


BEFORE_THE_BOUND = "6e50c386efba"
HOLD = """
INSERT INTO reservations (order_id, state, expires_at)
    SELECT ('0197a6b2-0000-7000-8000-00000000001' || number)::uuid, state, now()
    FROM unnest(ARRAY['reserved', 'committed', 'released', 'expired', 'fulfilled'])
        WITH ORDINALITY AS one (state, number);
INSERT INTO reservation_lines (order_id, product_id, quantity, unit_price_minor, currency, name)
    SELECT order_id, '0197a6b2-0000-7000-8000-000000000001', 2, 1, 'EUR', 'Teapot' FROM reservations
"""


def test_what_open_reservations_hold_is_counted(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """A product's held units are those reserved and committed; a product without reservations holds none."""
    url = postgres.create_database("product_before_the_bound")
    monkeypatch.setenv("PRODUCT_DATABASE_URL", url)
    config = Config(ROOT / "product" / "alembic.ini")
    command.upgrade(config, BEFORE_THE_BOUND)
    for statement in (ADD, *HOLD.split(";")):
        query(url, statement)

    command.upgrade(config, "head")

    assert sorted(query(url, "SELECT name, held FROM products")) == [("Cup", 0), ("Teapot", 4)]
    command.downgrade(config, BEFORE_THE_BOUND)
    command.upgrade(config, "head")


def test_the_models_are_what_the_migrations_make(environment: dict[str, str]) -> None:
    """Columns, their types and sizes, and indexes match: there is nothing left to migrate."""
    command.check(Config(ROOT / "product" / "alembic.ini"))
