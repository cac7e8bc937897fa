import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from chassis.messaging import delivery_worker, outbox
from cli.dev.polling import eventually
from cli.dev.postgres import EmbeddedPostgres
from tests.chassis.exchange import Refused, open_exchange
from tests.support.fault_proxy import Exchange as HttpExchange
from tests.support.fault_proxy import Fault, FaultProxy, cutting, losing, passing, resetting
from tests.support.often import times


async def refusing(exchange: HttpExchange) -> None:
    """Break the connection without calling the service."""
    exchange.reset()


FAULTS: dict[str, Fault] = {fault.__name__: fault for fault in (passing, losing, cutting, resetting, refusing)}


@dataclass(frozen=True, slots=True)
class Plan:
    """
    A generated scenario.

    Attributes:
        events: In order: the cup (one of four), and how often the event is refused before it is accepted.
        faults: What happens to the first deliveries.
        relays: The number of delivery workers.
    """

    events: list[tuple[int, int]]
    faults: list[str]
    relays: int


plans = some.builds(
    Plan,
    events=some.lists(some.tuples(some.integers(0, 3), some.integers(0, 2)), min_size=1, max_size=12),
    faults=some.lists(some.sampled_from(sorted(FAULTS)), max_size=3),
    relays=some.integers(1, 3),
)


def test_whatever_fails_every_event_is_taken_once_and_in_its_order(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The consumer stores the events of each subject exactly once, in the order of publication."""
    url = postgres.create_database("exactly_once")
    for module in (outbox, delivery_worker):
        monkeypatch.setattr(module, "LONGEST_PAUSE_S", 0.05)

    @settings(max_examples=times(4), deadline=None)
    @given(plan=plans)
    def check(plan: Plan) -> None:
        taken = asyncio.run(play(url, plan))
        for cup in range(4):
            announced = [str(number) for number, (one, _) in enumerate(plan.events) if one == cup]
            assert [label for other, label in taken if other == UUID(int=cup)] == announced

    check()


async def play(url: str, plan: Plan) -> list[tuple[UUID, str]]:
    """Run the plan; returns what the consumer has stored when no event waits any more."""
    faults = [FAULTS[name] for name in plan.faults]

    async def spoil(exchange: HttpExchange) -> None:
        await (faults.pop(0) if faults else passing)(exchange)

    async with AsyncExitStack() as stack:
        exchange = await stack.enter_async_context(open_exchange(url))
        await exchange.empty()
        proxy = await stack.enter_async_context(FaultProxy(exchange.url, spoil))
        for _ in range(plan.relays):
            await stack.enter_async_context(exchange.relay(proxy.address))
        for number, (cup, refusals) in enumerate(plan.events):
            exchange.errors[str(number)] = [Refused() for _ in range(refusals)]
            await exchange.announce(str(number), cup=UUID(int=cup))
        assert await eventually(exchange.is_drained)
        return await exchange.taken()
