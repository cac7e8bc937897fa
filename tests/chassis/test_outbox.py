import json
from datetime import UTC, datetime, timedelta
from math import inf
from typing import ClassVar

import pytest
from sqlalchemy import text
from sqlalchemy.orm import DeclarativeBase

from chassis.core import context as request_context
from chassis.core.context import RequestContext
from chassis.core.types import new_id
from chassis.messaging import outbox
from tests.chassis.claims import claim, label_of, touch
from tests.chassis.exchange import CupFilled, Exchange, cups

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Unlucky(Exception):
    """The error that makes a transaction fail."""


async def announce_and_fail(exchange: Exchange) -> None:
    """Publish in a transaction that fails afterwards."""
    async with exchange.database.transaction() as session:
        await outbox.add(session, CupFilled(subject=new_id()))
        raise Unlucky


def taking(most: int) -> dict[str, object]:
    """Return the parameters of a claim, for a transaction that stays open."""
    return {
        "listener": "tiny",
        "most": most,
        "most_bytes": outbox.MOST_BATCH_BYTES,
        "lease": timedelta(seconds=outbox.LEASE_S),
    }


async def test_an_event_of_a_transaction_that_fails_is_none(exchange: Exchange) -> None:
    """An event of a failed transaction is not stored, so it is never sent."""
    with pytest.raises(Unlucky):
        await announce_and_fail(exchange)

    assert await exchange.is_drained()


async def test_each_listener_has_a_row_of_the_same_event(exchange: Exchange) -> None:
    """An event that one consumer refuses is delivered to the others."""

    class CupSold(CupFilled):
        """Consumed by two services."""

        consumers: ClassVar[tuple[str, ...]] = ("tiny", "user")

    async with exchange.database.transaction() as session:
        await outbox.add(session, CupSold(subject=new_id()))

    (tiny, message), (user, same) = await exchange.rows("SELECT listener, message FROM outbox ORDER BY listener")
    assert (tiny, user) == ("tiny", "user")
    assert message == same
    assert await exchange.rows("SELECT count(DISTINCT event_id) FROM outbox") == [(1,)]


async def test_an_event_carries_the_ids_of_its_request(exchange: Exchange) -> None:
    """An event carries the ids of its request: the consumer continues its trace, however much later."""
    with request_context.within(RequestContext("request-4711", TRACE)):
        await exchange.announce("cup")

    ((message,),) = await exchange.rows("SELECT message FROM outbox")
    event = json.loads(message)
    assert (event["source"], event["requestid"], event["traceparent"]) == ("/services/order", "request-4711", TRACE)


async def test_an_event_that_no_request_could_carry_is_refused_at_once(exchange: Exchange) -> None:
    """An event that no request could carry fails the publishing transaction rather than each delivery."""
    with pytest.raises(outbox.EventTooLarge):
        await exchange.announce("x" * outbox.MOST_BYTES)

    assert await exchange.is_drained()


async def test_an_event_may_have_the_most_bytes_there_are(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event one byte over the maximum is refused, and nothing is stored."""
    monkeypatch.setattr("chassis.messaging.event.utc_now", lambda: datetime(2026, 11, 26, tzinfo=UTC))
    left = outbox.MOST_BYTES - len(outbox.Publish(CupFilled(subject=new_id())).values("order")["message"])
    await exchange.announce("x" * left)

    with pytest.raises(outbox.EventTooLarge):
        await exchange.announce("x" * (left + 1))

    assert await exchange.rows("SELECT octet_length(message) FROM outbox") == [(outbox.MOST_BYTES,)]


async def test_of_each_subject_the_earliest_is_given(exchange: Exchange) -> None:
    """A later event stays until the earlier one of its subject is gone; other subjects do not wait."""
    cup, other = new_id(), new_id()
    await exchange.announce("first", "second", cup=cup)
    await exchange.announce("other", cup=other)

    assert await claim(exchange) == ["first", "other"]
    assert await claim(exchange) == []
    await exchange.rows("DELETE FROM outbox WHERE message LIKE '%first%'")
    assert await claim(exchange) == ["second"]


async def test_no_more_is_given_than_asked_for(exchange: Exchange) -> None:
    """A claim returns the earliest events."""
    await exchange.announce("a", "b", "c")
    await touch(exchange, "b", "a")

    assert [await claim(exchange, most=2), await claim(exchange, most=2)] == [["a", "b"], ["c"]]


async def test_the_next_look_is_when_a_paused_event_of_the_same_listener_is_due(exchange: Exchange) -> None:
    """The next poll ignores events that wait behind the paused one, dead events and those of other consumers."""
    cup = new_id()
    await exchange.announce("paused", "behind", cup=cup)
    await exchange.announce("dead", "foreign")
    await exchange.rows(
        "UPDATE outbox SET due_at = now() + make_interval(secs => CASE WHEN message LIKE '%paused%' THEN 600"
        " WHEN message LIKE '%behind%' THEN -600 ELSE 60 END),"
        " dead_at = CASE WHEN message LIKE '%dead%' THEN now() END,"
        " listener = CASE WHEN message LIKE '%foreign%' THEN 'user' ELSE 'tiny' END"
    )

    deliveries, due_s = await outbox.claim(exchange.database, "tiny", 100)
    assert deliveries == []
    assert due_s == pytest.approx(600, abs=60)
    assert await outbox.claim(exchange.database, "nobody", 100) == ([], inf)


class Base(DeclarativeBase):
    """Tables of the consumer."""

    metadata = cups.metadata


class Cup(Base):
    """A cup."""

    __table__ = cups


async def test_what_was_changed_before_is_stored_first(exchange: Exchange) -> None:
    """Rows are written before the event, so events of one subject have the order of their changes."""
    async with exchange.database.transaction() as session:
        session.add(Cup(cup=new_id(), label="tea"))
        with session.no_autoflush:
            await outbox.add(session, CupFilled(subject=new_id()))

        assert not session.new


@pytest.mark.parametrize("earlier", ["'same'", "n::text"])
@pytest.mark.parametrize("subject", ["'same'", "(n % 50)::text", "gen_random_uuid()::text"])
async def test_a_long_backlog_is_no_hindrance(exchange: Exchange, earlier: str, subject: str) -> None:
    """Of 5,000 waiting events each is read a few times, whatever their subjects and the planner's statistics."""
    insert = (
        "INSERT INTO outbox (event_id, listener, aggregate, message)"
        ' SELECT gen_random_uuid(), \'tiny\', {}, \'{{"data": {{"label": "cup"}}}}\' FROM generate_series(1, {}) AS n'
    )
    await exchange.rows(insert.format(earlier, 60))
    await exchange.rows("ANALYZE outbox")
    await exchange.rows(insert.format(subject, 5000))

    async with exchange.database.transaction() as session:
        await session.execute(outbox.TAKE.text, taking(100))
        read = await session.scalar(
            text("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'outbox'")
        )

    assert 0 < read < 20 * 5000  # deleted rows are read, too


async def test_what_a_dead_relay_had_is_given_to_another(exchange: Exchange) -> None:
    """An event claimed by a worker that died is due again when its lease ends, and not before."""
    await exchange.announce("cup")
    await claim(exchange)

    deliveries, due_s = await outbox.claim(exchange.database, "tiny", 100)

    assert deliveries == []
    assert outbox.LEASE_S - 2 < due_s <= outbox.LEASE_S
    await exchange.rows("UPDATE outbox SET due_at = due_at - make_interval(secs => :lease)", lease=outbox.LEASE_S)
    assert await claim(exchange) == ["cup"]


async def test_two_relays_at_once_share_the_work(exchange: Exchange) -> None:
    """A second claim neither waits for the first nor returns the same events."""
    await exchange.announce("a", "b", "c")

    async with exchange.database.transaction() as session:
        first = (await session.execute(outbox.TAKE.text, taking(2))).all()
        second = await claim(exchange)

    assert ([label_of(row.message) for row in first], second) == (["a", "b"], ["c"])


async def test_an_event_is_only_for_its_listener(exchange: Exchange) -> None:
    """A service that does not consume the event receives none."""
    await exchange.announce("cup")

    assert await claim(exchange, listener="user") == []


async def test_a_claim_has_room_for_so_many_bytes(exchange: Exchange) -> None:
    """The earliest events that fit the byte limit are claimed, at least one; the claim reports whether more are due."""
    size = outbox.MOST_BATCH_BYTES // 2 - 400
    await exchange.announce("a" * size, "b" * size, "c", cup=None)
    await exchange.rows("UPDATE outbox SET message = message || repeat(' ', 200000) WHERE message LIKE '%\"c\"%'")

    claims = [await outbox.claim(exchange.database, "tiny", 100) for _ in range(2)]

    assert [[label_of(one.message)[0] for one in batch] for batch, _ in claims] == [["a", "b"], ["c"]]
    assert claims[0][1] == 0.0
    assert claims[1][1] == pytest.approx(outbox.LEASE_S, abs=2)
