"""Prometheus metrics of the dispatcher: attempts by target, method, number and outcome; breaker states."""

from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from chassis.dispatch.errors import BadAnswer, Refusal
from chassis.dispatch.transport import AnswerTooLarge, ConnectFailed, ConnectionBroken, TimedOut

ATTEMPTS = Counter("dispatch_attempts", "Attempts to call another service.", ["target", "method", "attempt", "outcome"])
SECONDS = Histogram(
    "dispatch_attempt_seconds",
    "Duration of attempts to call another service.",
    ["target", "method"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
)
BREAKER = Gauge(
    "dispatch_breaker_state", "0 closed, 1 half-open, 2 open.", ["target", "purpose"], multiprocess_mode="livemax"
)
_OUTCOMES: dict[type[BaseException], str] = {
    Refusal: "refused",
    ConnectFailed: "not_connected",
    TimedOut: "timed_out",
    ConnectionBroken: "broken",
    AnswerTooLarge: "too_large",
    BadAnswer: "bad_answer",
}
"""The label ``outcome`` by error; the other values are ``success`` and ``error`` (an error of our own)."""


def observe_attempt(target: str, method: str, number: int, error: BaseException | None, took_s: float) -> None:
    """Count a finished attempt, with its *error* if it failed."""
    outcome = "success" if error is None else _OUTCOMES.get(type(error), "error")
    _counter(target, method, number, outcome).inc()
    _histogram(target, method).observe(took_s)


# Looking up a labelled child costs more than incrementing it.


@cache
def _counter(target: str, method: str, number: int, outcome: str) -> Counter:
    return ATTEMPTS.labels(target, method, number, outcome)


@cache
def _histogram(target: str, method: str) -> Histogram:
    return SECONDS.labels(target, method)
