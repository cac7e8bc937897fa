"""
The time that is left for the request being served (docs/protocol.md, "Deadline").

It travels as *remaining* milliseconds (``X-Request-Timeout-Ms``), so that clocks need not agree.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from time import monotonic

HEADER = "x-request-timeout-ms"
DEFAULT_S = 10.0
LONGEST_S = 30.0
HOP_S = 0.020
"""What a hop keeps for itself when it passes the rest on."""
LEAST_S = 0.050
"""With less than this left no call is begun."""

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant after which nobody waits for the answer any more."""

    at: float
    """Seconds on the monotonic clock."""

    def remaining(self, clock: Clock = monotonic) -> float:
        """Give the seconds left; negative when it has passed."""
        return self.at - clock()


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def start(seconds: float, clock: Clock = monotonic) -> Deadline:
    """Begin the time of the current task and those it starts; never more than 30 s."""
    deadline = Deadline(clock() + min(seconds, LONGEST_S))
    _current.set(deadline)
    return deadline


def current() -> Deadline | None:
    """Give the deadline of the request being served, or None outside of one."""
    return _current.get()


def seconds_from_header(value: str | None) -> float:
    """
    Read ``X-Request-Timeout-Ms``; without one it is 10 s.

    Raises:
        ValueError: Not a whole number of milliseconds above 0.
    """
    if value is None:
        return DEFAULT_S
    if not (value.isascii() and value.isdigit() and int(value[:9]) > 0):
        msg = "X-Request-Timeout-Ms must be a whole number of milliseconds, as in 2000"
        raise ValueError(msg)
    return int(value[:9]) / 1000
