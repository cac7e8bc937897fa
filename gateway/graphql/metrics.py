"""Metrics of GraphQL operations; the name of an operation is a label only if its document is trusted."""

from prometheus_client import Counter, Gauge, Histogram

OPERATIONS = Counter(
    "gateway_graphql_operations",
    "Operations: complete (ok), with errors beside the data (partial), or not executed (refused).",
    ["operation", "outcome"],
)
SECONDS = Histogram(
    "gateway_graphql_seconds",
    "The duration of queries and mutations.",
    ["operation"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
)
ERRORS = Counter("gateway_graphql_errors", "Errors in answers, by their codes.", ["operation", "code"])
SUBSCRIPTIONS = Gauge("gateway_graphql_subscriptions", "Open subscriptions.", multiprocess_mode="livesum")
