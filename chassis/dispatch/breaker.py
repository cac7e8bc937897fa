"""
The circuit breaker of one target: calls to a service that mostly fails are refused for a while, then one call tries it.

The states follow Nygard, "Release It!". Exactly one probe passes while half-open; the libraries that were measured do
not guarantee this.
"""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from time import monotonic

from chassis.core.deadline import Clock

WINDOW_S = 30
FEWEST_CALLS = 20
BAD_SHARE = 0.5
SLOW_S = 2.0
"""A slower answer counts as a failure, unless the call declares another limit (``Call.slow_s``)."""
PAUSE_S = 5.0
"""Short and always the same: a call every few seconds burdens no service, and one that is back is used soon."""
BACKGROUND_PAUSE_S = 1.0
"""For background work: it calls every second, and a service that is back gets its events at once."""
SPREAD = 0.2
"""Each pause varies by up to this share, so that callers do not all return at once."""
SUCCESSES_TO_CLOSE = 3


class State(IntEnum):
    """The state of a breaker; the metric uses the same numbers."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class CircuitOpen(Exception):
    """
    The breaker rejects calls to the target.

    Attributes:
        retry_after_s: Seconds until the target is tried again.
    """

    def __init__(self, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"it failed too often; the next attempt is in {retry_after_s:.1f} s")


@dataclass(slots=True)
class _Second:
    """The calls that ended in one second."""

    at: int
    calls: int = 0
    bad: int = 0


class Breaker:
    """
    Admits calls and counts how they end. Every admitted call ends in ``succeed``, ``fail`` or ``abandon``.

    ``admit`` returns a permit. Calls that were admitted before the state changed are not counted.

    Args:
        clock: Seconds, monotonic.
        chance: A number in [0, 1).
        on_change: Called with each new state.
        pause_s: How long it stays open before a call tries the target, before the spread is applied.
    """

    def __init__(
        self,
        clock: Clock = monotonic,
        chance: Callable[[], float] = random.random,
        on_change: Callable[[State], None] = lambda _state: None,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._on_change = on_change
        self._pause = pause_s
        self._window: deque[_Second] = deque()
        self._state = State.CLOSED
        self._reopens = 0.0
        self._probing = False
        self._successes = 0
        self._permit = 0

    @property
    def state(self) -> State:
        """The current state."""
        return self._state

    def admit(self) -> int:
        """
        Admit a call and return its permit.

        Raises:
            CircuitOpen: The breaker is open, or its probe is under way.
        """
        if self._state is State.CLOSED:
            return self._permit
        left = self._reopens - self._clock()
        if (self._state is State.OPEN and left > 0) or self._probing:
            raise CircuitOpen(max(left, 0.0))
        self._enter(State.HALF_OPEN)
        self._probing = True
        return self._permit

    def succeed(self, permit: int, took_s: float, slow_s: float = SLOW_S) -> None:
        """Count a successful call; one that took over *slow_s* counts as failed."""
        if permit != self._permit:
            return
        if took_s > slow_s:
            self.fail(permit)
        elif self._state is State.HALF_OPEN:
            self._probing = False
            self._successes += 1
            if self._successes >= SUCCESSES_TO_CLOSE:
                self._close()
        else:
            self._count(bad=0)

    def fail(self, permit: int) -> None:
        """Count a failed call."""
        if permit != self._permit:
            return
        if self._state is State.HALF_OPEN:
            self._open()
        else:
            self._count(bad=1)
            if self._is_bad():
                self._open()

    def abandon(self, permit: int) -> None:
        """Ignore a call whose end does not depend on the target."""
        if permit == self._permit:
            self._probing = False

    def _enter(self, state: State) -> None:
        self._permit += 1
        if state is not self._state:
            self._state = state
            self._on_change(state)

    def _open(self) -> None:
        self._enter(State.OPEN)
        self._probing = False
        self._successes = 0
        self._window.clear()
        self._reopens = self._clock() + self._pause * (1 + SPREAD * (2 * self._chance() - 1))

    def _close(self) -> None:
        self._enter(State.CLOSED)
        self._successes = 0

    def _count(self, bad: int) -> None:
        now = int(self._clock())
        if not self._window or self._window[-1].at != now:
            while self._window and self._window[0].at <= now - WINDOW_S:
                self._window.popleft()
            self._window.append(_Second(now))
        self._window[-1].calls += 1
        self._window[-1].bad += bad

    def _is_bad(self) -> bool:
        calls = sum(second.calls for second in self._window)
        return calls >= FEWEST_CALLS and sum(second.bad for second in self._window) >= BAD_SHARE * calls
