"""What the dispatcher is meant to reach, at 32 concurrent calls."""

from collections.abc import Iterator

from benchmarks.scenarios.dispatch.figures import Figures
from benchmarks.scenarios.dispatch.scenario import BUSY
from benchmarks.targets import Result, Target, hold_against

TARGETS = (
    Target("throughput, sealed / gRPC mutual TLS", "a", "c", lambda one: one.per_second, 1.0),
    Target("p99, sealed / gRPC mutual TLS", "a", "c", lambda one: one.p99_ms, 1.5, at_most=True),
    Target("throughput, sealed / plain", "a", "b", lambda one: one.per_second, 0.8),
    Target("throughput, sealed / httpx and Fernet", "a", "f", lambda one: one.per_second, 6.0),
)


def results(figures: Figures) -> Iterator[Result]:
    """Hold the figures against the targets; those whose candidates were left out are left out too."""
    for target in TARGETS:
        over, under = figures.find(target.over, BUSY), figures.find(target.under, BUSY)
        if over and under:
            yield hold_against(target, over.rounds, under.rounds)
