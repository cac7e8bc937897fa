import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from chassis.messaging import metrics as outbox_metrics
from cli.dev.polling import eventually
from tests.chassis.exchange import Exchange
from tests.chassis.relays import count


async def test_a_relay_of_another_process_is_not_doubled(exchange: Exchange) -> None:
    """With RELAY=false nothing is delivered, and the backlog is still measured."""
    await exchange.announce("a", "b", "c")
    await exchange.rows("UPDATE outbox SET dead_at = now() WHERE message LIKE '%\"c\"%'")
    await exchange.rows("UPDATE outbox SET created_at = created_at - interval '1 hour' WHERE message LIKE '%\"a\"%'")

    async with exchange.relay(delivers=False):
        assert await eventually(is_measured)

    assert await exchange.labels() == []


def gauge(name: str) -> float | None:
    """Return a gauge of the consumer."""
    return REGISTRY.get_sample_value(name, {"listener": "tiny"})


async def is_measured() -> bool:
    """Return whether two events wait, one of them for an hour, and one is dead."""
    waiting, oldest_s, dead = (gauge(f"outbox_{name}") or 0.0 for name in ("waiting", "oldest_seconds", "dead"))
    return (waiting, dead) == (2, 1) and oldest_s == pytest.approx(3600, abs=60)


def measured(listener: str) -> tuple[float | None, float | None]:
    """Return how many events wait for a consumer, and how many are dead."""
    waiting, dead = (
        REGISTRY.get_sample_value(f"outbox_{name}", {"listener": listener}) for name in ("waiting", "dead")
    )
    return waiting, dead


async def test_measuring_a_long_backlog_reads_little(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measuring 20,000 events, mostly another consumer's or dead, reads few rows: each worker measures often."""
    insert = (
        "INSERT INTO outbox (event_id, listener, aggregate, message, dead_at)"
        " SELECT gen_random_uuid(), '{}', 'cup', '{{}}', {} FROM generate_series(1, 5000)"
    )
    monkeypatch.setattr(outbox_metrics, "MOST_COUNTED", 100)
    for listener, dead_at in (("user", "NULL"), ("user", "now()"), ("tiny", "NULL"), ("tiny", "now()")):
        await exchange.rows(insert.format(listener, dead_at))
    await exchange.rows("ANALYZE outbox")

    async with exchange.database.transaction() as session:
        await outbox_metrics.measure(session, ["tiny", "user", "nobody"])
        read = await session.scalar(
            text("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'outbox'")
        )

    assert [measured(listener) for listener in ("tiny", "user", "nobody")] == [(100, 100), (100, 100), (0, 0)]
    assert read < 1000


async def test_deliveries_are_counted_and_timed(exchange: Exchange) -> None:
    """Deliveries are counted by consumer and outcome, with the time each event took."""
    lag = "outbox_delivery_lag_seconds_count"
    before = count("accepted"), gauge(lag) or 0.0
    await exchange.announce("a", "b")

    async with exchange.relay():
        assert await eventually(exchange.is_drained)

    assert (count("accepted"), gauge(lag)) == (before[0] + 2, before[1] + 2)
