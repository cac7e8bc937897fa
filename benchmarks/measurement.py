"""Measurements: of one side in one round, and of all rounds of a side under one condition."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Generic, TypeVar

from benchmarks.load import Taken

C = TypeVar("C")

NOISY = 0.1
"""More cores than this busy with other work make a measurement doubtful."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """
    One side, one condition, one round.

    Attributes:
        taken: The client's measurements.
        cpu_s: Seconds of CPU of each part of the servers, until all work caused by the calls was done.
        others: The average number of cores busy with other work meanwhile.
        drain_s: Seconds from the last answer until all work caused by the calls was done.
        counts: The increase of the databases' counters meanwhile, by name.
    """

    taken: Taken
    cpu_s: Mapping[str, float]
    others: float
    drain_s: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_quiet(self) -> bool:
        """Whether the machine had little other work."""
        return self.others < NOISY

    @property
    def per_second(self) -> float:
        """Calls per second."""
        return self.taken.calls / self.taken.seconds

    @property
    def p50_ms(self) -> float:
        """The median latency of calls, milliseconds."""
        return self.taken.p50_s * 1e3

    @property
    def p99_ms(self) -> float:
        """The 99th percentile of the latency of calls, milliseconds."""
        return self.taken.p99_s * 1e3

    @property
    def client_us(self) -> float:
        """Microseconds of the client's CPU per call."""
        return self.per_call(self.taken.cpu_s) * 1e6

    @property
    def servers_cpu_s(self) -> float:
        """Seconds of CPU of all parts together."""
        return sum(self.cpu_s.values())

    @property
    def servers_us(self) -> float:
        """Microseconds of the servers' CPU per call."""
        return self.per_call(self.servers_cpu_s) * 1e6

    def part_us(self, part: str) -> float:
        """Return the microseconds of CPU per call of one part; 0 for a part that this side does not have."""
        return self.per_call(self.cpu_s.get(part, 0.0)) * 1e6

    def per_call(self, amount: float) -> float:
        """Divide by the number of successful calls."""
        return amount / max(self.taken.calls, 1)


@dataclass(frozen=True, slots=True)
class Series(Generic[C]):
    """One side under one condition, all rounds; its figures are medians over the quiet ones, if there are any."""

    side: str
    condition: C
    rounds: Sequence[Measurement]

    @property
    def quiet_rounds(self) -> int:
        """The number of quiet rounds."""
        return sum(one.is_quiet for one in self.rounds)

    @property
    def calls(self) -> int:
        """The number of successful calls, in all rounds."""
        return sum(one.taken.calls for one in self.rounds)

    @property
    def errors(self) -> Counter[str]:
        """The number of failed calls, in all rounds, by kind of error."""
        return errors_of(self.rounds)

    def median(self, figure: Callable[[Measurement], float]) -> float:
        """Return the median of a figure."""
        return median(map(figure, [one for one in self.rounds if one.is_quiet] or self.rounds))

    def part_us(self, part: str) -> float:
        """Return the microseconds of CPU per call of one part of the servers."""
        return self.median(lambda one: one.part_us(part))


def errors_of(measurements: Iterable[Measurement]) -> Counter[str]:
    """Add up the errors by kind."""
    return sum((Counter(one.taken.errors) for one in measurements), Counter())
