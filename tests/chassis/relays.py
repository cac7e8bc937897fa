"""What tests of the relay look at."""

from prometheus_client import REGISTRY

from tests.chassis.exchange import Exchange


def count(outcome: str) -> float:
    """Return how many deliveries had this outcome."""
    return REGISTRY.get_sample_value("outbox_deliveries_total", {"listener": "tiny", "outcome": outcome}) or 0.0


async def is_listening(exchange: Exchange) -> bool:
    """Return whether a worker holds its listening connection."""
    listeners = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
    return bool(await exchange.rows(listeners))
