from datetime import timedelta

import pytest
from sqlalchemy import text

from chassis.core.types import new_id
from chassis.messaging import outbox
from chassis.messaging.dead_letters import list_dead, replay
from tests.chassis.claims import claim, label_of, touch
from tests.chassis.exchange import Exchange


@pytest.mark.parametrize(("attempts", "longest_s"), [(0, 0.1), (3, 0.8), (9, 5.0), (1_000_000, 5.0)])
async def test_the_pause_after_a_failure_is_bounded(exchange: Exchange, attempts: int, longest_s: float) -> None:
    """The pause after failures doubles up to 5 s, and failures alone never make a dead letter."""
    await exchange.announce("cup")
    await exchange.rows("UPDATE outbox SET attempts = :attempts", attempts=attempts)
    (delivery,), _ = await outbox.claim(exchange.database, "tiny", 1)
    async with exchange.database.transaction() as session:
        begun = await session.scalar(text("SELECT clock_timestamp()"))
        await outbox.postpone(session, [delivery], "no answer")

    ((pause, so_far, counted, reason, dead_at),) = await exchange.rows(
        "SELECT due_at - :begun, clock_timestamp() - :begun, attempts, last_error, dead_at FROM outbox", begun=begun
    )
    assert timedelta(0) <= pause < so_far + timedelta(seconds=longest_s)
    assert (counted, reason, dead_at) == (attempts + 1, "no answer", None)


async def test_after_ten_refusals_an_event_is_dead(exchange: Exchange) -> None:
    """A dead event stays with its reason, and no longer blocks the later events of its subject."""
    cup = new_id()
    await exchange.announce("bad", "good", cup=cup)
    (bad,), _ = await outbox.claim(exchange.database, "tiny", 1)
    async with exchange.database.transaction() as session:
        is_dead = [await outbox.refuse(session, bad, "no cup") for _ in range(outbox.REFUSALS_UNTIL_DEAD)]

    assert is_dead == [False] * (outbox.REFUSALS_UNTIL_DEAD - 1) + [True]
    assert await claim(exchange) == ["good"]
    async with exchange.database.transaction() as session:
        (letter,) = await list_dead(session)
    assert (letter.event_id, letter.listener, letter.reason) == (bad.event_id, "tiny", "no cup")


@pytest.mark.parametrize(
    ("deferred_s", "shortest_s", "longest_s"),
    [(0, 2.5, 5), (20, 2.5, 5), (120, 15, 30), (1200, 150, 300), (80_000, 150, 300)],
)
async def test_the_pause_of_a_deferred_event_grows_to_five_minutes(
    exchange: Exchange, deferred_s: int, shortest_s: float, longest_s: float
) -> None:
    """The pause is a quarter to an eighth of the time since the first deferral; a neighbour stays unchanged."""
    await exchange.announce("cup", "neighbour")
    await exchange.rows(
        "UPDATE outbox SET deferred_since = now() - make_interval(secs => :s), attempts = 500", s=deferred_s
    )
    (cup, _), _ = await outbox.claim(exchange.database, "tiny", 2)
    async with exchange.database.transaction() as session:
        assert await outbox.defer(session, [cup], "unknown") == set()

    rows = await exchange.rows(
        "SELECT CAST(extract(epoch FROM due_at - now()) AS float8), attempts, refusals, last_error FROM outbox"
        " WHERE dead_at IS NULL ORDER BY position"
    )
    (pause_s, *changed), (lease_s, *unchanged) = rows
    assert shortest_s - 1 < pause_s <= longest_s
    assert (changed, unchanged) == ([501, 0, "unknown"], [500, 0, None])
    assert lease_s <= outbox.LEASE_S


async def test_an_event_deferred_for_a_day_is_dead(exchange: Exchange) -> None:
    """After a day of deferral an event is dead and blocks no other; replayed, it has another day."""
    await exchange.announce("old", "young")
    await exchange.rows(
        "UPDATE outbox SET deferred_since = now() - make_interval(hours => 24, secs =>"
        " CASE WHEN message LIKE '%old%' THEN 0 ELSE -60 END)"
    )
    deliveries, _ = await outbox.claim(exchange.database, "tiny", 2)
    async with exchange.database.transaction() as session:
        assert await outbox.defer(session, deliveries, "unknown") == {deliveries[0].position}
        (letter,) = await list_dead(session)
        assert (letter.event_id, letter.reason) == (deliveries[0].event_id, "unknown")
        await replay(session, letter.event_id)
        assert await outbox.defer(session, deliveries[:1], "unknown") == set()


async def test_a_dead_event_can_be_replayed(exchange: Exchange) -> None:
    """A replayed event, one by its id or all, is delivered again with its attempts reset."""
    await exchange.announce("a", "b", "c")
    await exchange.rows("UPDATE outbox SET dead_at = now(), refusals = 10, attempts = 12")
    await touch(exchange, "b", "a")
    ((one,), *_) = await exchange.rows("SELECT event_id FROM outbox ORDER BY position")

    async with exchange.database.transaction() as session:
        assert [label_of(letter.message) for letter in await list_dead(session)] == ["a", "b", "c"]
        counts = [await replay(session, event_id) for event_id in (one, new_id(), None)]

    assert counts == [1, 0, 2]
    assert await exchange.rows("SELECT DISTINCT refusals, attempts FROM outbox") == [(0, 0)]
    assert await claim(exchange) == ["a", "b", "c"]
