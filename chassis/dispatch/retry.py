"""
The retry policy: which failed calls are retried, and when (docs/protocol.md, "Policy"). It is built on Tenacity.

The dispatcher is the only layer that retries: an answer with ``X-Retry-Exhausted`` was retried below, and is passed on.
Ordinary calls earn the retries of a target, so that retries cannot overload a failing service; the idea is that of
Finagle's RetryBudget (https://twitter.github.io/finagle/guide/Clients.html#retries).
"""

import random
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from time import monotonic

from tenacity import RetryCallState, Retrying, retry_if_exception

from chassis.core.deadline import Clock, Deadline
from chassis.dispatch.errors import BadAnswer, Refusal
from chassis.dispatch.transport import ConnectFailed, ConnectionBroken, TimedOut

BUDGET_START = 10.0
BUDGET_MOST = 50.0
BUDGET_PER_CALL = 0.1
"""Added by a first attempt: one retry for every ten calls."""
BUDGET_PER_SECOND = 1.0
"""Added to an empty budget over time, so that calls to a rarely called service can be retried too."""


class RetryBudget:
    """
    A budget of tokens; each retry costs one.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Clock = monotonic) -> None:
        self._clock = clock
        self._tokens = BUDGET_START
        self._emptied = 0.0

    @property
    def tokens(self) -> float:
        """The tokens that are left."""
        return self._tokens

    def deposit(self) -> None:
        """Count a first attempt."""
        self._tokens = min(BUDGET_MOST, self._tokens + BUDGET_PER_CALL)

    def withdraw(self) -> bool:
        """Spend a token on a retry; return False if there is none."""
        if self._tokens < 1:
            self._gain()
        if self._tokens < 1:
            return False
        self._tokens -= 1
        self._emptied = self._clock()
        return True

    def _gain(self) -> None:
        now = self._clock()
        self._tokens = min(1.0, self._tokens + (now - self._emptied) * BUDGET_PER_SECOND)
        self._emptied = now


ATTEMPTS = 3
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 1.0
LONGEST_RETRY_AFTER_S = 5.0

SAFE_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
"""Idempotent by RFC 9110: sending a request twice has the same effect as sending it once."""


def may_retry(error: BaseException, *, repeatable: bool) -> bool:
    """
    Return whether a failed attempt may be retried.

    Args:
        repeatable: Sending the request twice has the same effect as sending it once (``Call.idempotency``).
    """
    if isinstance(error, ConnectFailed):
        return True
    if not repeatable:
        return False
    if isinstance(error, Refusal):
        return error.is_transient and not error.was_retried_below
    return isinstance(error, TimedOut | ConnectionBroken | BadAnswer)


class Retries:
    """
    Decides after each failed attempt of one call whether to retry: 3 attempts in all, with full jitter.

    The dispatcher attempts and sleeps; tenacity decides. Tenacity's own asynchronous loop costs 25 us for a call that
    succeeds at once, so this object is created only after a failed attempt.

    Args:
        budget: Provides the token for each retry.
        ends: The deadline; there is no retry if its pause would exceed it.
        clock: Seconds, monotonic.
        repeatable: As for ``may_retry``.
        chance: A number in [0, 1).
    """

    def __init__(
        self,
        budget: RetryBudget,
        ends: Deadline,
        clock: Clock,
        *,
        repeatable: bool,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._budget = budget
        self._ends = ends
        self._clock = clock
        self._chance = chance
        self._policy = Retrying(
            retry=retry_if_exception(lambda error: may_retry(error, repeatable=repeatable)),
            stop=self._is_over,
            wait=self._wait,
            reraise=True,
        )
        self._policy.begin()
        self._state = RetryCallState(self._policy, fn=None, args=(), kwargs={})

    def pause_after(self, error: Exception) -> float | None:
        """Return the seconds to wait after a failed attempt before the next; None if it was the last."""
        self._state.set_exception((type(error), error, error.__traceback__))
        try:
            self._policy.iter(self._state)
        except type(error):
            return None
        pause_s = self._state.upcoming_sleep
        self._state.prepare_for_next_attempt()
        return pause_s

    def _is_over(self, state: RetryCallState) -> bool:
        return (
            state.attempt_number >= ATTEMPTS
            or _asked(state) > LONGEST_RETRY_AFTER_S
            or state.upcoming_sleep >= self._ends.remaining(self._clock)
            or not self._budget.withdraw()
        )

    def _wait(self, state: RetryCallState) -> float:
        jitter: float = self._chance() * min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (state.attempt_number - 1))
        return max(jitter, _asked(state))


def retry_after(error: BaseException | None) -> float | None:
    """Return the seconds of an answer's ``Retry-After``, which is a number or a date (RFC 9110, 10.2.3)."""
    value = error.answer.headers.get("retry-after") if isinstance(error, Refusal) else None
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _asked(state: RetryCallState) -> float:
    """Return the seconds of the last answer's ``Retry-After``."""
    error = state.outcome.exception() if state.outcome else None
    return retry_after(error) or 0.0
