"""
The retry budget of one target: retries are bought with ordinary calls, so a dead service is not buried under them.

After the idea of Finagle's RetryBudget (https://twitter.github.io/finagle/guide/Clients.html#retries).
"""

from time import monotonic

from chassis.core.deadline import Clock

START = 10.0
MOST = 50.0
PER_CALL = 0.1
"""What a first attempt adds: of ten calls one may be retried once."""
PER_SECOND = 1.0
"""What an empty budget gains with time, so that a service that is seldom called can be retried at all."""


class RetryBudget:
    """
    Tokens, of which a retry costs one.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Clock = monotonic) -> None:
        self._clock = clock
        self._tokens = START
        self._emptied = 0.0

    @property
    def tokens(self) -> float:
        """What is left."""
        return self._tokens

    def deposit(self) -> None:
        """Count a first attempt."""
        self._tokens = min(MOST, self._tokens + PER_CALL)

    def withdraw(self) -> bool:
        """Buy a retry; False, and nothing bought, if there is no token."""
        if self._tokens < 1:
            self._gain()
        if self._tokens < 1:
            return False
        self._tokens -= 1
        self._emptied = self._clock()
        return True

    def _gain(self) -> None:
        now = self._clock()
        self._tokens = min(1.0, self._tokens + (now - self._emptied) * PER_SECOND)
        self._emptied = now
