import asyncio
import subprocess
import sys

import asyncpg
import pytest

from cli.dev.files import ROOT
from cli.dev.polling import eventually
from tests.support.fault_proxy import Exchange, Fault, holding, passing
from tests.support.warm import WarmProcess
from tests.system.leases import end_leases
from tests.system.orders.shop import count_orders, place_orders
from tests.system.stack import Stack, restarted

pytestmark = pytest.mark.long


async def is_drained(stack: Stack) -> bool:
    """Return whether the order service has delivered every event."""
    connection = await asyncpg.connect(stack.environment["ORDER_DATABASE_URL"].replace("+asyncpg", ""))
    try:
        return not await connection.fetchval("SELECT count(*) FROM outbox")
    finally:
        await connection.close()


async def hanging(_exchange: Exchange) -> None:
    """Never answer, without calling the service."""
    await asyncio.Event().wait()


async def test_an_order_that_was_answered_is_counted_once(stack: Stack) -> None:
    """An answered order is counted once, although its service is killed right after the answer."""
    before = count_orders(stack)

    await place_orders(stack, 1)
    stack.services.kill("order")
    await end_leases(stack)
    stack.services.start("order")

    assert await eventually(lambda: is_drained(stack))
    assert count_orders(stack) == before + 1


@pytest.mark.parametrize("fault", [hanging, holding])
async def test_a_service_killed_while_it_delivers_has_counted_once(stack: Stack, fault: Fault) -> None:
    """Whether or not analytics has received the event, the lease ends, and the event is sent again."""
    wire, before = stack.wires["analytics"], count_orders(stack)
    wire.fault, seen = fault, wire.seen
    await place_orders(stack, 1)

    async def is_under_way() -> bool:
        return wire.seen > seen and (fault is hanging or count_orders(stack) == before + 1)

    try:
        assert await eventually(is_under_way)
    finally:
        stack.services.kill("order")
        wire.fault = passing
        await end_leases(stack)
        stack.services.start("order")

    assert await eventually(lambda: is_drained(stack))
    assert count_orders(stack) == before + 1


async def test_events_outlive_an_outage_of_the_listener(stack: Stack) -> None:
    """Orders placed during the outage are all counted soon after it."""
    before = count_orders(stack)
    stack.services.kill("analytics")
    await end_leases(stack)

    await place_orders(stack, 5)

    stack.services.start("analytics")
    stack.services.wait_until_ready()
    assert await eventually(lambda: is_drained(stack))
    assert count_orders(stack) == before + 5


async def test_events_outlive_a_crash_of_the_database(stack: Stack) -> None:
    """Events from before and after the crash are delivered, without a restart of the service."""
    before = count_orders(stack)
    await place_orders(stack, 1)
    stack.postgres.kill()
    stack.postgres.start()
    stack.services.wait_until_ready()

    await place_orders(stack, 1)

    assert await eventually(lambda: is_drained(stack))
    assert count_orders(stack) == before + 2


async def test_a_relay_may_be_a_process_of_its_own(stack: Stack) -> None:
    """With RELAY=false the service stores its events, and `bin/cli relay` delivers them."""
    with restarted(stack, "order", RELAY="false"):
        before = count_orders(stack)
        await place_orders(stack, 1)
        assert not await is_drained(stack)
        relay = WarmProcess(
            [sys.executable, "-m", "cli", "relay", "order"],
            environment=stack.environments["order"],
            folder=ROOT,
            output=subprocess.DEVNULL,
        )
        try:
            assert await eventually(lambda: is_drained(stack))
        finally:
            relay.request_stop()
            assert await asyncio.to_thread(relay.wait) == 0

    assert count_orders(stack) == before + 1
