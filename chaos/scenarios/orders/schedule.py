"""What is hit, and when: drawn before the run from its seed."""

from dataclasses import dataclass
from random import Random

KILLS = {
    "order worker": 22,
    "product worker": 22,
    "analytics worker": 8,
    "user worker": 4,
    "order": 8,
    "product": 8,
    "analytics": 4,
    "user": 2,
    "relay": 12,
    "postgres": 3,
    "postgres backend": 3,
    "mongodb": 4,
}
"""What is killed, and how often of a hundred. A service alone is all of it at once, as when its container dies."""
PAUSES = {"order worker": 3, "product worker": 3, "analytics worker": 1, "relay": 1, "postgres": 1, "mongodb": 1}
"""What is stopped for a while, and with which weight."""
KILLS_PER_PAUSE = 4
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 3.0


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One hit.

    Attributes:
        due: When: the share of the run that is over, from 0 to 1.
        target: What; a key of KILLS.
        pause_s: For how long it is stopped; None kills it.
    """

    due: float
    target: str
    pause_s: float | None


def schedule(kills: int, seed: int) -> list[Fault]:
    """Draw so many kills and a pause for every four of them, spread over the whole run, the earliest first."""
    random = Random(seed)
    faults = [Fault(random.random(), _draw(random, KILLS), None) for _ in range(kills)]
    faults += [
        Fault(random.random(), _draw(random, PAUSES), random.uniform(SHORTEST_PAUSE_S, LONGEST_PAUSE_S))
        for _ in range(kills // KILLS_PER_PAUSE)
    ]
    return sorted(faults, key=lambda fault: fault.due)


def _draw(random: Random, weights: dict[str, int]) -> str:
    return random.choices(list(weights), list(weights.values()))[0]
