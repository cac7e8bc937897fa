import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from cli.backup.mongodb import empty_mongodb
from cli.checks.invariants import check, read_facts
from cli.dev.files import ROOT
from cli.dev.polling import eventually
from cli.services import SERVICES
from tests.system.people import ORDERS, log_in, make_product
from tests.system.stack import Stack

pytestmark = pytest.mark.long


async def run(stack: Stack, *command: str) -> tuple[int, str]:
    """Run a command as a person would, in the environment of the stack; returns its exit code and output."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", *command),
        cwd=ROOT,
        env=stack.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


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
        url = stack.environment[service.store_variable]
        if service.store == "mongodb":
            empty_mongodb(SecretStr(url))
            continue
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        await connection.close()


async def test_a_backup_made_under_traffic_restores_databases_that_agree(stack: Stack, tmp_path: Path) -> None:
    """Everything acknowledged before the backup is there, nothing later is, and every invariant holds."""
    bearer, folder = await log_in(stack.environment), tmp_path / "backup"
    product_id = await make_product(stack, stock=100_000)
    async with httpx.AsyncClient(base_url=stack.environment["ORDER_SERVICE_URL"], headers=bearer, timeout=30) as orders:
        before = await order_and_cancel(orders, product_id)
        async with traffic(orders, product_id):
            code, said = await run(stack, "backup", str(folder))
            assert code == 0, said
        after = await order_and_cancel(orders, product_id)
    for service in SERVICES:
        stack.services.stop(service.name)
    await destroy(stack)

    code, said = await run(stack, "restore", str(folder), "--yes")

    for service in SERVICES:
        stack.services.start(service.name)
    stack.services.wait_until_ready()

    async def agrees() -> bool:
        return not any(check(await read_facts(stack.environment)).values())

    assert code == 0, said
    assert await eventually(agrees, within=30), check(await read_facts(stack.environment))
    async with httpx.AsyncClient(base_url=stack.environment["ORDER_SERVICE_URL"], headers=bearer) as orders:
        assert (await orders.get(f"{ORDERS}/{before}")).json()["status"] == "confirmed"
        assert (await orders.get(f"{ORDERS}/{after}")).status_code == 404


async def test_nothing_is_restored_while_a_service_runs(stack: Stack, tmp_path: Path) -> None:
    """A restore is refused, since a running service would write into it; the data stays."""
    await log_in(stack.environment)
    assert (await run(stack, "backup", str(tmp_path / "backup")))[0] == 0

    code, said = await run(stack, "restore", str(tmp_path / "backup"), "--yes")

    assert code == 1
    assert "stop the services first" in said
    assert await log_in(stack.environment)


async def test_a_backup_replaces_no_other(stack: Stack, tmp_path: Path) -> None:
    """An existing folder is left alone."""
    code, said = await run(stack, "backup", str(tmp_path))

    assert code == 1
    assert "exists already" in said
