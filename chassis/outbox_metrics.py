"""What the outbox holds and what becomes of it, for Prometheus."""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.tables import outbox

DELIVERIES = Counter("outbox_deliveries", "Events delivered, or tried to.", ["listener", "outcome"])
LAG = Histogram(
    "outbox_delivery_lag_seconds",
    "How long events took from their transaction to their listener.",
    ["listener"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600),
)
# Every worker measures the same table, so the latest of them is right.
WAITING = Gauge("outbox_waiting", "Events not delivered yet.", ["listener"], multiprocess_mode="livemostrecent")
OLDEST = Gauge("outbox_oldest_seconds", "Age of the oldest of them.", ["listener"], multiprocess_mode="livemostrecent")
DEAD = Gauge("outbox_dead", "Events refused for good.", ["listener"], multiprocess_mode="livemostrecent")


async def measure(session: AsyncSession, listeners: Iterable[str]) -> None:
    """Set the gauges to what the table holds."""
    is_waiting = outbox.c.dead_at.is_(None)
    age = func.extract("epoch", func.now() - func.min(outbox.c.created_at).filter(is_waiting))
    counts = func.count().filter(is_waiting), func.coalesce(age, 0), func.count(outbox.c.dead_at)
    found = await session.execute(select(outbox.c.listener, *counts).group_by(outbox.c.listener))
    by_listener = {listener: values for listener, *values in found}
    for listener in listeners:
        for gauge, value in zip((WAITING, OLDEST, DEAD), by_listener.get(listener, (0, 0, 0)), strict=True):
            gauge.labels(listener).set(float(value))
