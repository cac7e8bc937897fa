import asyncio
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.config import Config

from cli.stack.files import ROOT
from cli.stack.postgres import EmbeddedPostgres

BEFORE_THE_LEDGER = "90f1ccf2825d"
ADD = """
INSERT INTO products (id, name, price_minor, currency, stock) VALUES
    ('0197a6b2-0000-7000-8000-000000000001', 'Teapot', 1, 'EUR', 5),
    ('0197a6b2-0000-7000-8000-000000000002', 'Cup', 1, 'EUR', 0)
"""


def query(url: str, statement: str) -> list[Any]:
    """Run a statement; its rows."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return asyncio.run(run())


def test_what_was_there_before_begins_the_ledger(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """A product that has stock gets an initial movement of as much, from the time when it was created."""
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
