import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from cli.backup.mongodb import empty_mongodb
from cli.checks.invariants import check
from cli.dev.polling import eventually
from cli.services import SERVICES
from tests.system.orders.shop import ORDERS, make_product
from tests.system.people import log_in
from tests.system.stack import Stack, run_command

pytestmark = pytest.mark.long


async def order_and_cancel(orders: httpx.AsyncClient, product_id: str) -> str:
    """Place two orders and cancel the second; returns the id of the first."""
    ids = [(await orders.post(ORDERS, json={"product_id": product_id, "quantity": 1})).json()["id"] for _ in range(2)]
    assert (await orders.post(f"{ORDERS}/{ids[1]}/cancel")).is_success
    return str(ids[0])


@asynccontextmanager
async def traffic(orders: httpx.AsyncClient, product_id: str) -> AsyncIterator[None]:
    """Place and cancel orders without a pause."""

    async def forever() -> None:
        while True:
            await order_and_cancel(orders, product_id)

    tasks = [asyncio.create_task(forever()) for _ in range(3)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def destroy(stack: Stack) -> None:
    """Delete all data of the databases."""
    for service in SERVICES:
        url = stack.environment[service.owner_variable]
        if service.store == "mongodb":
            empty_mongodb(SecretStr(url))
            continue
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        own = f"DROP SCHEMA {service.own_schema} CASCADE;" if service.own_schema else ""
        await connection.execute(f"{own} DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        await connection.close()


async def test_a_backup_made_under_traffic_restores_databases_that_agree(stack: Stack, tmp_path: Path) -> None:
    """Everything acknowledged before the backup is there, nothing later is, and every invariant holds."""
    bearer, folder = await log_in(stack.environment), tmp_path / "backup"
    product_id = await make_product(stack, stock=100_000)
    async with httpx.AsyncClient(base_url=stack.environment["ORDER_SERVICE_URL"], headers=bearer, timeout=30) as orders:
        before = await order_and_cancel(orders, product_id)
        async with traffic(orders, product_id):
            code, said = await run_command(stack, "backup", str(folder))
            assert code == 0, said
        after = await order_and_cancel(orders, product_id)
    for service in SERVICES:
        stack.services.stop(service.name)
    await destroy(stack)

    code, said = await run_command(stack, "restore", str(folder), "--yes")

    for service in SERVICES:
        stack.services.start(service.name)
    stack.services.wait_until_ready()

    async def agrees() -> bool:
        return not any((await check(stack.environment)).values())

    assert code == 0, said
    assert await eventually(agrees, within=30), await check(stack.environment)
    async with httpx.AsyncClient(base_url=stack.environment["ORDER_SERVICE_URL"], headers=bearer) as orders:
        assert (await orders.get(f"{ORDERS}/{before}")).json()["status"] == "confirmed"
        assert (await orders.get(f"{ORDERS}/{after}")).status_code == 404
