"""One measurement: what a load took, on the client's side and the servers'."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.load import Taken

NOISY = 0.1
"""Cores busy with something else, from which on a measurement is doubtful."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One side, one condition, one round."""

    taken: Taken
    server_cpu_s: float
    """Of all server processes together."""
    others: float
    """Cores that were busy with something else meanwhile, on average."""

    @property
    def is_quiet(self) -> bool:
        """Whether the machine had little else to do."""
        return self.others < NOISY

    @property
    def per_second(self) -> float:
        """Calls per second."""
        return self.taken.calls / self.taken.seconds

    @property
    def p50_ms(self) -> float:
        """Half of the calls took no longer than these milliseconds."""
        return self.taken.p50_s * 1e3

    @property
    def p99_ms(self) -> float:
        """99 of 100 calls took no longer than these milliseconds."""
        return self.taken.p99_s * 1e3

    @property
    def client_us(self) -> float:
        """Microseconds of the client's CPU per call."""
        return self.taken.cpu_s / max(self.taken.calls, 1) * 1e6

    @property
    def server_us(self) -> float:
        """Microseconds of the servers' CPU per call."""
        return self.server_cpu_s / max(self.taken.calls, 1) * 1e6


def errors_of(measurements: Iterable[Measurement]) -> Counter[str]:
    """Add up what went wrong, and how often."""
    return sum((Counter(one.taken.errors) for one in measurements), Counter())
