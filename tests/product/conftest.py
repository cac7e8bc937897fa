from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.postgres.database import Postgres

# --- about order ---
from product import for_orders

# --- end about order ---
from tests.product.aliases import MakeProduct

# --- about order ---
from tests.product.orders import Orders

# --- end about order ---
from tests.support.aliases import Bearer, People

TEAPOT = {"name": "Teapot", "description": "Holds a litre.", "price": 199.99, "stock": 5}


@pytest.fixture
def make_product(people: People, bearer: Bearer) -> MakeProduct:
    """Makes products as an admin: a teapot with 5 in stock, unless stated otherwise."""

    async def make(**change: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        response = await people["product"].post("/api/v1/products", json=TEAPOT | change, headers=bearer(role="admin"))
        assert response.status_code == 201, response.text
        return dict(response.json())

    return make


@pytest.fixture
def database(apps: dict[str, FastAPI], clean: None) -> Postgres:
    """The product service's database."""
    store = apps["product"].state.application.store
    assert isinstance(store, Postgres)
    return store


@pytest.fixture
async def unordered(environment: dict[str, str], clean: None) -> AsyncIterator[Postgres]:
    """
    The same database over one connection, whose planner scans tables in their physical order and joins by hashing.

    Without a sort, rows are in the order of an index only by chance: here they never are.
    """
    store = Postgres(SecretStr(environment["PRODUCT_DATABASE_URL"]), "product", pool_size=1)
    await store.open()
    async with store.transaction() as session:
        for method in ("indexscan", "indexonlyscan", "bitmapscan", "mergejoin", "nestloop"):
            await session.execute(select(func.set_config(f"enable_{method}", "off", False)))
    yield store
    await store.close()


# --- about order ---
@pytest.fixture
def unswept(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the running service from expiring reservations by itself."""

    async def expire_nothing(_session: AsyncSession) -> int:
        return 0

    monkeypatch.setattr(for_orders, "expire_reservations", expire_nothing)


@pytest.fixture
def orders(apps: dict[str, FastAPI], clean: None) -> Orders:
    """The order service's sealed calls to the product service."""
    return Orders(apps["order"].state.application.dispatcher)


# --- end about order ---
