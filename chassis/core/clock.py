"""
Clocks: the time of day, and how far this process's clock is from those of its peers and of its database.

See docs/protocol.md, "Clocks".
"""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from time import monotonic

import structlog
from prometheus_client import Counter, Gauge

log = structlog.get_logger(__name__)

MAX_AGE_MS = 30_000
MAX_AHEAD_MS = 5_000
TOLERANCE_MS = MAX_AHEAD_MS
"""If clocks differ by more, messages are refused, at least in one direction."""
WARN_EVERY_S = 60.0
RECENT_S = 60.0
"""How long the agreement of a peer's clock counts, seconds."""

REFUSALS = Counter("clock_refusals", "Messages and tokens refused because clocks differ.", ["issuer"])
AHEAD = Gauge(
    "clock_ahead_of_database_seconds",
    "How far the clock of this process is ahead of its database's.",
    multiprocess_mode="livemostrecent",
)


def utc_now() -> datetime:
    """Return the time of day, in UTC."""
    return datetime.now(UTC)


def unix_ms() -> int:
    """Return the time of day, milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class ClockSkew:
    """
    Compares the times of others with this process's clock.

    Args:
        now_ms: The time of day, milliseconds since 1970.
        clock: Seconds, monotonic.
    """

    def __init__(self, now_ms: Callable[[], int] = unix_ms, clock: Callable[[], float] = monotonic) -> None:
        self.now_ms = now_ms
        self._clock = clock
        self._agreed: dict[str, float] = {}
        self._warned: dict[str, float] = {}
        self._ahead_of_database_ms = 0.0

    def refusal(self, issuer: str, issued_ms: int) -> str | None:
        """
        Check the time of an authentic message; returns why it is refused, or None.

        A refusal is counted, and logged as a warning once a minute for each issuer.
        """
        ahead_ms = issued_ms - self.now_ms()
        if -TOLERANCE_MS <= ahead_ms <= TOLERANCE_MS:
            self._agreed[issuer] = self._clock()
        if -MAX_AGE_MS <= ahead_ms <= MAX_AHEAD_MS:
            return None
        self._agreed.pop(issuer, None)
        self._warn(issuer, ahead_ms)
        return f"its clock is {_describe(ahead_ms)} ours"

    def is_ahead(self, issuer: str, issued_ms: int) -> bool:
        """Whether an authentic token is from the future; it is counted and logged like a refused message."""
        ahead_ms = issued_ms - self.now_ms()
        if ahead_ms <= MAX_AHEAD_MS:
            return False
        self._warn(issuer, ahead_ms)
        return True

    async def compare(self, ask_database: Callable[[], Awaitable[int]]) -> None:
        """
        Compare the clock with the database's.

        Args:
            ask_database: Returns its time of day, milliseconds since 1970.

        Raises:
            Exception: The database does not answer.
        """
        asked_ms = self.now_ms()
        theirs_ms = await ask_database()
        self._ahead_of_database_ms = (asked_ms + self.now_ms()) / 2 - theirs_ms
        AHEAD.set(self._ahead_of_database_ms / 1000)

    def fault(self) -> str | None:
        """
        Return how this process's own clock is wrong, or None.

        It is wrong if it differs from the database's clock and no peer has agreed within a minute. If a peer has
        agreed, the database's clock is wrong, which affects no message.
        """
        now = self._clock()
        is_vouched_for = any(now - agreed < RECENT_S for agreed in self._agreed.values())
        if abs(self._ahead_of_database_ms) <= TOLERANCE_MS or is_vouched_for:
            return None
        return f"{_describe(self._ahead_of_database_ms)} the database's"

    def difference(self, theirs_ms: float) -> str | None:
        """Return the apparent difference to an unauthenticated clock as text; None within the tolerance."""
        ahead_ms = theirs_ms - self.now_ms()
        return None if abs(ahead_ms) <= TOLERANCE_MS else f"its clock seems {_describe(ahead_ms)} ours"

    def _warn(self, issuer: str, ahead_ms: float) -> None:
        REFUSALS.labels(issuer).inc()
        now, warned = self._clock(), self._warned.get(issuer)
        if warned is None or now - warned >= WARN_EVERY_S:
            self._warned[issuer] = now
            log.warning("clocks differ", issuer=issuer, ahead_s=round(ahead_ms / 1000, 1))


def _describe(ahead_ms: float) -> str:
    return f"{abs(ahead_ms) / 1000:.1f} s {'ahead of' if ahead_ms > 0 else 'behind'}"
