"""
What every service measures, for Prometheus: requests, connections to its database, and purging.

Where ``PROMETHEUS_MULTIPROC_DIR`` is set, all workers count in files there, and each worker answers for all.
"""

import os
from functools import cache
from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram, generate_latest
from starlette.types import Scope

from chassis.telemetry.multiprocess import read_all

REQUESTS = Counter("http_requests", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "http_request_seconds",
    "The duration of requests.",
    ["method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
)
CONNECTIONS_CUT = Counter(
    "http_connections_cut", "Connections that were closed without an answer (docs/watching.md).", ["reason"]
)
POOL_LIMIT = Gauge("database_pool_size", "Connections that may be open.", ["database"], multiprocess_mode="livesum")
POOL_IN_USE = Gauge("database_pool_in_use", "Connections in use.", ["database"], multiprocess_mode="livesum")
POOL_WAITING = Gauge(
    "database_pool_waiting", "Callers waiting for a connection.", ["database"], multiprocess_mode="livesum"
)
TABLES_CHANGED = Gauge(
    "foreign_tables_changed",
    "Differences of another owner's tables from those that the service was built for.",
    ["fails"],
    multiprocess_mode="livemostrecent",
)
PURGED = Counter("purge_rows", "Rows deleted because they expired.", ["table"])
# Every worker measures the same table, so the latest value is right.
OVERDUE = Gauge(
    "purge_overdue_seconds",
    "How long ago the oldest remaining row expired.",
    ["table"],
    multiprocess_mode="livemostrecent",
)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def exposition() -> bytes:
    """Return all metrics in Prometheus's text format."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return read_all(Path(folder)) if folder else generate_latest()


def observe_request(scope: Scope, status: int, took_s: float) -> None:
    """Count a request by the template of its route, or ``-`` without a route."""
    method, template = _kind_of(scope)
    _counter(method, template, status).inc()
    _histogram(method, template).observe(took_s)


def observe_cut(scope: Scope, status: int) -> None:
    """Count a request without a complete answer; its duration does not measure the service's speed."""
    _counter(*_kind_of(scope), status).inc()


def observe_refused(status: int) -> None:
    """Count input that was not a request."""
    _counter("OTHER", "-", status).inc()


def _kind_of(scope: Scope) -> tuple[str, str]:
    route, method = scope.get("route"), scope["method"]
    return method if method in _METHODS else "OTHER", route.path_format if route else "-"  # a client may invent one


# Looking up a child costs more than counting with it.


@cache
def _counter(method: str, route: str, status: int) -> Counter:
    return REQUESTS.labels(method, route, status)


@cache
def _histogram(method: str, route: str) -> Histogram:
    return SECONDS.labels(method, route)
