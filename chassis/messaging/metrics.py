"""Prometheus metrics of the outbox and its deliveries."""

from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

DELIVERIES = Counter("outbox_deliveries", "Attempts to deliver an event, by outcome.", ["listener", "outcome"])
LAG = Histogram(
    "outbox_delivery_lag_seconds",
    "How long events took from their transaction to their consumer.",
    ["listener"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600),
)
# Every worker measures the same table, so the latest value is right.
WAITING = Gauge(
    "outbox_waiting",
    "Events not delivered yet, counted up to 10,000.",
    ["listener"],
    multiprocess_mode="livemostrecent",
)
OLDEST = Gauge(
    "outbox_oldest_seconds",
    "Age of the oldest event not delivered yet.",
    ["listener"],
    multiprocess_mode="livemostrecent",
)
DEAD = Gauge(
    "outbox_dead", "Events refused for good, counted up to 10,000.", ["listener"], multiprocess_mode="livemostrecent"
)


MEASURE_EVERY_S = 15.0
"""As often as Prometheus scrapes."""
MOST_COUNTED = 10_000
"""Every worker measures every few seconds, so the cost must not grow with a backlog."""
_ALONG_INDEXES = text(
    "SELECT " + ", ".join(f"set_config('enable_{one}', 'off', true)" for one in ("sort", "bitmapscan", "seqscan"))
)
"""For this transaction: otherwise the planner reads and sorts all rows of a consumer before it takes the first."""
_MEASURE = text("""
    SELECT listener,
        (SELECT count(*) FROM (
            SELECT FROM outbox WHERE outbox.listener BETWEEN names.listener AND names.listener AND dead_at IS NULL
            ORDER BY outbox.listener, position LIMIT :most
        ) AS counted) AS waiting,
        (
            SELECT CAST(EXTRACT(epoch FROM now() - created_at) AS float8)
            FROM outbox WHERE outbox.listener BETWEEN names.listener AND names.listener AND dead_at IS NULL
            ORDER BY outbox.listener, position LIMIT 1
        ) AS oldest_s,
        (SELECT count(*) FROM (
            SELECT FROM outbox WHERE outbox.listener BETWEEN names.listener AND names.listener AND dead_at IS NOT NULL
            ORDER BY outbox.listener, position LIMIT :most
        ) AS counted) AS dead
    FROM unnest(CAST(:listeners AS text[])) AS names (listener)
""")
"""
By ix_outbox_oldest and ix_outbox_dead: no other index has this order. With an equality the planner would consider the
primary key sorted enough, and scan it all for a consumer without events.
"""


async def measure(session: AsyncSession, listeners: Sequence[str]) -> None:
    """Set the gauges from the table."""
    await session.execute(_ALONG_INDEXES)
    for row in await session.execute(_MEASURE, {"listeners": listeners, "most": MOST_COUNTED}):
        WAITING.labels(row.listener).set(row.waiting)
        OLDEST.labels(row.listener).set(row.oldest_s or 0.0)
        DEAD.labels(row.listener).set(row.dead)
