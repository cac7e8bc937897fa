"""
The remaining time of the request being served (docs/protocol.md, "Deadline").

It is passed on as *remaining* milliseconds (``X-Request-Timeout-Ms``), so that clocks need not agree.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from time import monotonic

HEADER = "x-request-timeout-ms"
DEFAULT_S = 10.0
LONGEST_S = 30.0
HOP_S = 0.020
"""The part of the remaining time that a service keeps for itself."""
LEAST_S = 0.050
"""With less than this left, no call is started."""

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Deadline:
    """The time after which no one waits for the answer."""

    at: float
    """Seconds on the monotonic clock."""

    def remaining(self, clock: Clock = monotonic) -> float:
        """Return the remaining seconds; negative when the deadline has passed."""
        return self.at - clock()


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def start(seconds: float, clock: Clock = monotonic) -> Deadline:
    """Start the deadline of this task and the tasks it starts; at most 30 s."""
    deadline = Deadline(clock() + min(seconds, LONGEST_S))
    _current.set(deadline)
    return deadline


def current() -> Deadline | None:
    """Return the deadline of the request being served, or None outside of one."""
    return _current.get()


def seconds_from_header(value: str | None, default_s: float = DEFAULT_S) -> float:
    """
    Parse ``X-Request-Timeout-Ms``; without it, return *default_s*.

    Raises:
        ValueError: It is not a whole number of milliseconds above 0.
    """
    if value is None:
        return default_s
    if not (value.isascii() and value.isdigit() and int(value[:9]) > 0):
        msg = "X-Request-Timeout-Ms must be a whole number of milliseconds, as in 2000"
        raise ValueError(msg)
    return int(value[:9]) / 1000
