"""Metrics of purging tables and collections."""

from prometheus_client import Counter, Gauge

PURGED = Counter("purge_rows", "Rows deleted because they expired.", ["table"])
# Every worker measures the same table, so the latest value is right.
OVERDUE = Gauge(
    "purge_overdue_seconds",
    "How far the oldest remaining row is beyond its time.",
    ["table"],
    multiprocess_mode="livemostrecent",
)
