"""The figures of a run: what sending came to on each side, and what asking came to at each size."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.measurement import Measurement, errors_of
from benchmarks.scenarios.analytics.plan import BATCH, NAMES


@dataclass(frozen=True, slots=True)
class Sending:
    """One side sends batches, in one round."""

    measurement: Measurement
    cpu_s: dict[str, float]
    """Of each part of the side, until all was counted."""
    counted_s: float
    """From the last answer until all was counted; 0 where nothing counts."""

    @property
    def events(self) -> int:
        """How many events were stored."""
        return self.measurement.taken.calls * BATCH


@dataclass(frozen=True, slots=True)
class Side:
    """One side, all rounds; figures are medians over the quiet ones, if there are any."""

    key: str
    turns: Sequence[Sending]

    @property
    def rounds(self) -> list[Measurement]:
        """What the sender saw in each round."""
        return [one.measurement for one in self.turns]

    @property
    def errors(self) -> Counter[str]:
        """Batches that failed, in all rounds."""
        return errors_of(self.rounds)

    @property
    def cpu_us(self) -> dict[str, float]:
        """Microseconds of CPU per event, by part."""
        return {part: self._median(lambda one, part=part: _per_event(one, part)) for part in self.turns[0].cpu_s}  # type: ignore[misc]

    def as_json(self) -> dict[str, Any]:
        """Give everything there is to say."""
        return {
            "side": self.key,
            "name": NAMES[self.key],
            "rounds": len(self.turns),
            "quiet_rounds": sum(one.is_quiet for one in self.rounds),
            "events": sum(one.events for one in self.turns),
            "errors": dict(self.errors),
            "events_per_second": round(self._median(lambda one: one.measurement.per_second) * BATCH),
            "events_per_second_of_each_round": [round(one.per_second * BATCH) for one in self.rounds],
            "p50_ms": round(self._median(lambda one: one.measurement.p50_ms), 1),
            "p99_ms": round(self._median(lambda one: one.measurement.p99_ms), 1),
            "cpu_us_per_event": {part: round(value, 1) for part, value in self.cpu_us.items()},
            "seconds_until_counted": round(self._median(lambda one: one.counted_s), 2),
            "cores_busy_with_others": round(self._median(lambda one: one.measurement.others), 2),
        }

    def _median(self, figure: Callable[[Sending], float]) -> float:
        return median(map(figure, [one for one in self.turns if one.measurement.is_quiet] or self.turns))


def _per_event(sending: Sending, part: str) -> float:
    return sending.cpu_s[part] / max(sending.events, 1) * 1e6


@dataclass(frozen=True, slots=True)
class Answers:
    """Statistics of 30 days over a history of some size: as the service answers them, and added up from the events."""

    size: int
    rounds: Sequence[Measurement]
    raw: Sequence[Measurement]
    """Of one aggregation each."""
    grown_s: float
    """How long it took to insert the events, those of the smaller history left out."""
    indexed_s: float
    rebuilt_s: float
    """How long it took to count all of them anew."""
    gigabytes: float
    """Of the whole database on the disk."""

    def as_json(self) -> dict[str, Any]:
        """Give everything there is to say."""
        return {
            "events": self.size,
            "rounds": len(self.rounds),
            "quiet_rounds": sum(one.is_quiet for one in self.rounds),
            "answers": sum(one.taken.calls for one in self.rounds),
            "errors": dict(errors_of(self.rounds)),
            "p50_ms": round(self.median(lambda one: one.p50_ms), 2),
            "p99_ms": round(self.median(lambda one: one.p99_ms), 2),
            "raw_ms": round(median(one.p50_ms for one in self.raw)),
            "service_cpu_us_per_answer": round(self.median(lambda one: one.server_us)),
            "seconds_to_insert": round(self.grown_s, 1),
            "seconds_to_index": round(self.indexed_s, 1),
            "seconds_to_rebuild": round(self.rebuilt_s, 1),
            "gigabytes": round(self.gigabytes, 2),
            "cores_busy_with_others": round(self.median(lambda one: one.others), 2),
        }

    def median(self, figure: Callable[[Measurement], float]) -> float:
        """Give the median of a figure over the quiet rounds, if there are any."""
        return median(map(figure, [one for one in self.rounds if one.is_quiet] or self.rounds))


@dataclass(frozen=True, slots=True)
class Figures:
    """All of a run."""

    sides: Sequence[Side]
    answers: Sequence[Answers]
    """The smallest history first."""
