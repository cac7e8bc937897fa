"""What a run measures, and for how long."""

from dataclasses import dataclass

from benchmarks.load import Load

OURS, PLAIN = "ours", "plain"
NAMES = {OURS: "POST /events/batch", PLAIN: "insert_many by hand"}
PARTS = {"sender": "#bdbdbd", "service": "#0b5fa5", "MongoDB": "#74c476"}
"""Where CPU goes, and its colours; the plain side has no service."""
BATCH = 500
"""Events that are sent at a time."""

STEPS = 20
"""In so many the growth of the history is told."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure. In each round the sides take turns, so that a drift of the machine hits both alike."""

    rounds: int
    batches: int
    """Of one measurement of a side."""
    senders: int
    """Batches under way at a time."""
    sizes: tuple[int, ...]
    """Of the history, events; the larger contains the smaller."""
    asked: int
    """How often the service is asked for statistics, in each round."""
    aggregated: int
    """How often the raw events are added up instead."""
    longest: float = 120.0
    """Most seconds of one measurement."""

    @property
    def sending(self) -> Load:
        """Say what one measurement of sending is."""
        return Load(self.senders, self.batches, 0.0, self.longest)

    @property
    def asking(self) -> Load:
        """Say what one measurement of asking is."""
        return Load(1, self.asked, 0.0, self.longest)

    @property
    def turns(self) -> int:
        """How many measurements a run has."""
        return 2 * self.rounds + len(self.sizes) * (2 * STEPS + 3)


FULL = Plan(rounds=5, batches=240, senders=4, sizes=(1_000_000, 10_000_000), asked=300, aggregated=3)
# Small histories: to count a million events anew takes longer than all else of a short run.
QUICK = Plan(rounds=2, batches=80, senders=4, sizes=(30_000, 300_000), asked=150, aggregated=2)
