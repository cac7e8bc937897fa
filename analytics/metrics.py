"""Metrics of received events and of counting."""

from enum import StrEnum

from prometheus_client import Counter, Gauge, Histogram


class Via(StrEnum):
    """The route by which an event was received."""

    API = "api"
    SEGMENT = "segment"
    SERVICE = "service"


EVENTS = Counter("analytics_events", "Received events.", ["outcome", "via"])
BATCH_EVENTS = Histogram(
    "analytics_batch_events", "Events in a batch.", ["via"], buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2500)
)
MENDED = Counter(
    "analytics_mended_messages",
    "Segment messages with a value that was replaced or left out: not strict JSON (json), or out of bounds (bounds).",
    ["because"],
)
# Every worker measures the same collections, so the latest value is right.
UNCOUNTED_OLDEST = Gauge(
    "analytics_uncounted_oldest_seconds",
    "How long the oldest stored but uncounted event has waited.",
    multiprocess_mode="livemostrecent",
)
FAILED = Gauge(
    "analytics_counting_failed",
    "Minutes whose events could not be counted; they are tried again.",
    multiprocess_mode="livemostrecent",
)
