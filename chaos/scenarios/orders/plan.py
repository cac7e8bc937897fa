"""How much is done in a run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """
    How much is done.

    Attributes:
        attempts: Orders that clients try to place, each with an Idempotency-Key of its own.
        kills: Spread over the attempts; for every four of them there is a pause as well.
        minutes: By then the last attempt is begun and the last kill done, however few attempts there were.
        clients: Attempts under way at a time.
        seed: Of everything that is drawn: who orders what, and what is hit when.
        drained_within_s: How long after the last fault every outbox may take to be empty.
        settled_within_s: How long no order and no reservation may take to be decided.
    """

    attempts: int
    kills: int
    minutes: float
    clients: int
    seed: int
    drained_within_s: float = 10.0
    settled_within_s: float = 30.0


PEOPLE = 50
PRODUCTS = 24
STOCK = 30
"""Units of each product at first; admins bring more now and then."""
