import asyncio

import pytest

from chassis import courier
from chassis.courier import GATHER_S, LOOK_S, Courier
from tests.chassis.exchange import Exchange


async def test_a_full_batch_is_followed_by_the_next_and_another_by_a_pause(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a backlog is delivered without a rest, and what trickles in is gathered."""
    monkeypatch.setattr(courier, "MOST_EVENTS", 2)
    await exchange.announce("a", "b", "c")
    async with exchange.calls_as("order") as dispatcher:
        one = Courier(exchange.database, dispatcher, "tiny", asyncio.Event())

        pauses = [await one.deliver_batch() for _ in range(3)]

    assert pauses == [0.0, GATHER_S, LOOK_S]
    assert await exchange.labels() == ["a", "b", "c"]
