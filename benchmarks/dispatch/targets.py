"""What the dispatcher is meant to reach: ratios between candidates in one run, so that they hold on any machine."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.dispatch.figures import Figures, Measurement
from benchmarks.dispatch.plan import BUSY


@dataclass(frozen=True, slots=True)
class Target:
    """A ratio at 32 concurrent calls, and where it should be."""

    text: str
    over: str
    under: str
    figure: Callable[[Measurement], float]
    limit: float
    at_most: bool = False

    def is_met(self, ratio: float) -> bool:
        """Whether *ratio* is where it should be."""
        return ratio <= self.limit if self.at_most else ratio >= self.limit


@dataclass(frozen=True, slots=True)
class Result:
    """A target, and what came of it."""

    target: Target
    ratio: float
    """The median of the ratios within each round, of the quiet rounds if there are any."""
    lowest: float
    highest: float

    @property
    def is_met(self) -> bool:
        """Whether the target is reached."""
        return self.target.is_met(self.ratio)


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
            pairs = list(zip(over.rounds, under.rounds, strict=True))
            quiet = [(one, other) for one, other in pairs if one.is_quiet and other.is_quiet]
            ratios = [target.figure(one) / target.figure(other) for one, other in quiet or pairs]
            yield Result(target, median(ratios), min(ratios), max(ratios))
