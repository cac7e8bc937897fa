"""How much is done in a run."""

from dataclasses import dataclass

TARGETS = {"primary": 8, "secondary": 2, "all members": 1, "worker": 3, "analytics": 1}
"""What is killed, and with which weight; `analytics` is the service, all workers at once."""


@dataclass(frozen=True, slots=True)
class Plan:
    """
    How much is done.

    Attributes:
        kills: One after the other, each when the one before is healed.
        minutes: Nothing is killed after so long, however few kills there were.
        seed: Of everything that is drawn: events, repetitions, what is killed.
        targets: What is killed in turn; drawn if there are none.
        members: Of MongoDB's replica set.
        senders: Batches under way at a time, about.
        counted_within_s: How long after the last kill all must be counted: an arrival whose process died is counted
            after a minute (analytics/counting/dirty_minutes.py).
    """

    kills: int
    minutes: float
    seed: int
    targets: tuple[str, ...] = ()
    members: int = 3
    senders: int = 6
    counted_within_s: float = 120.0
