"""What a run measures, and for how long."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.load import Load

CONCURRENCY = 32
OFF, ON, EVERYTHING = "off", "on", "everything"
NAMES = {OFF: "nothing leaves", ON: "as delivered: a tenth of the requests", EVERYTHING: "every request"}
SHARES: Mapping[str, str | None] = {OFF: None, ON: "0.1", EVERYTHING: "1"}
"""Of the requests whose traces are recorded; where some are, errors are reported too. Counting is always on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to measure. In each round the sides take turns, so that a drift of the machine hits all alike."""

    rounds: int
    seconds: float
    """Least length of one measurement."""

    @property
    def load(self) -> Load:
        """What one measurement is."""
        return Load(CONCURRENCY, CONCURRENCY, self.seconds, 4 * self.seconds)

    @property
    def warming(self) -> Load:
        """What goes before it."""
        return Load(CONCURRENCY, CONCURRENCY, self.seconds / 4, self.seconds)

    @property
    def turns(self) -> int:
        """How many measurements a run has."""
        return self.rounds * len(SHARES)


FULL = Plan(rounds=9, seconds=5.0)
QUICK = Plan(rounds=5, seconds=3.0)
