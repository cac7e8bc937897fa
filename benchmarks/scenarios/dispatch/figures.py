"""The figures of a run: one measurement, and what all rounds of a condition come to."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.measurement import Measurement, errors_of
from benchmarks.scenarios.dispatch.candidates import CANDIDATES
from benchmarks.scenarios.dispatch.scenario import Condition


@dataclass(frozen=True, slots=True)
class Series:
    """One candidate under one condition, all rounds; properties are medians over the quiet ones, if there are any."""

    key: str
    condition: Condition
    rounds: Sequence[Measurement]

    @property
    def per_second(self) -> float:
        """Calls per second."""
        return self._median(lambda one: one.per_second)

    @property
    def p50_ms(self) -> float:
        """Median latency."""
        return self._median(lambda one: one.p50_ms)

    @property
    def p99_ms(self) -> float:
        """99th percentile of latency."""
        return self._median(lambda one: one.p99_ms)

    @property
    def client_us(self) -> float:
        """Client CPU per call."""
        return self._median(lambda one: one.client_us)

    @property
    def server_us(self) -> float:
        """Server CPU per call."""
        return self._median(lambda one: one.server_us)

    @property
    def others(self) -> float:
        """Cores busy with something else."""
        return self._median(lambda one: one.others)

    @property
    def calls(self) -> int:
        """Calls that succeeded, in all rounds."""
        return sum(one.taken.calls for one in self.rounds)

    @property
    def errors(self) -> Counter[str]:
        """Calls that failed, in all rounds."""
        return errors_of(self.rounds)

    def as_json(self) -> dict[str, Any]:
        """Give everything there is to say."""
        return {
            "candidate": self.key,
            "name": CANDIDATES[self.key].name,
            "concurrency": self.condition.concurrency,
            "answer_bytes": self.condition.size,
            "workers": self.condition.workers,
            "rounds": len(self.rounds),
            "quiet_rounds": sum(one.is_quiet for one in self.rounds),
            "calls": self.calls,
            "errors": dict(self.errors),
            "per_second": round(self.per_second),
            "per_second_of_each_round": [round(one.per_second) for one in self.rounds],
            "p50_ms": round(self.p50_ms, 3),
            "p99_ms": round(self.p99_ms, 3),
            "client_cpu_us_per_call": round(self.client_us),
            "server_cpu_us_per_call": round(self.server_us),
            "cores_busy_with_others": round(self.others, 2),
        }

    def _median(self, figure: Callable[[Measurement], float]) -> float:
        return median(map(figure, [one for one in self.rounds if one.is_quiet] or self.rounds))


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything a run has measured."""

    base: Sequence[Series]
    sizes: Sequence[Series]
    workers: Sequence[Series]
    tls: dict[str, str]
    """What gRPC's connection turned out to be."""

    def find(self, key: str, concurrency: int) -> Series | None:
        """Give a candidate's series of the comparison; None if it was not measured."""
        return next((one for one in self.base if (one.key, one.condition.concurrency) == (key, concurrency)), None)

    @property
    def every(self) -> Iterable[Series]:
        """All series."""
        return (*self.base, *self.sizes, *self.workers)
