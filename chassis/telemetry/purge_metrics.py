"""How well tables and collections are purged, for Prometheus."""

from prometheus_client import Counter, Gauge

PURGED = Counter("purge_rows", "Rows deleted because their time was up.", ["table"])
# Every worker measures the same table, so the latest of them is right.
OVERDUE = Gauge(
    "purge_overdue_seconds",
    "Age beyond its time of the oldest row still there.",
    ["table"],
    multiprocess_mode="livemostrecent",
)
