"""
Which failed calls are tried again, and when (docs/protocol.md, "Policy"). Tenacity does the retrying.

The dispatcher is the only layer that retries: what says ``X-Retry-Exhausted`` was retried below and is passed on.
"""

import random
import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception
from tenacity.stop import stop_base

from chassis.dispatch.budget import RetryBudget
from chassis.dispatch.errors import RETRY_EXHAUSTED, BadAnswer, Refusal, is_transient
from chassis.dispatch.transport import ConnectFailed, ConnectionBroken, TimedOut

ATTEMPTS = 3
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 1.0
LONGEST_RETRY_AFTER_S = 5.0

SAFE_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
"""Idempotent by RFC 9110: doing it twice has the effect of doing it once."""


def may_retry(error: BaseException, *, repeatable: bool) -> bool:
    """
    Decide whether a failed attempt may be followed by another.

    Args:
        repeatable: The method is idempotent, or the request carries an Idempotency-Key.
    """
    if isinstance(error, ConnectFailed):
        return True
    if not repeatable:
        return False
    if isinstance(error, Refusal):
        return is_transient(error) and RETRY_EXHAUSTED not in error.answer.headers
    return isinstance(error, TimedOut | ConnectionBroken | BadAnswer)


def retrying(
    *,
    repeatable: bool,
    remaining: Callable[[], float],
    budget: RetryBudget,
    sleep: Callable[[float], Awaitable[None]],
    chance: Callable[[], float] = random.random,
) -> AsyncRetrying:
    """
    Make the retry loop of one call: 3 attempts in all, full jitter in between.

    Args:
        remaining: Seconds until the deadline; a wait that would pass it is not begun.
        budget: Pays for each retry.
        chance: A number in [0, 1).
    """

    def wait(state: RetryCallState) -> float:
        jitter = chance() * min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (state.attempt_number - 1))
        return max(float(jitter), _asked(state))

    return AsyncRetrying(
        retry=retry_if_exception(lambda error: may_retry(error, repeatable=repeatable)),
        stop=_StopAt(remaining, budget),
        wait=wait,
        sleep=sleep,
        reraise=True,
    )


class _StopAt(stop_base):
    """Stops after the last attempt, before a wait that is too long or would pass the deadline, and without budget."""

    def __init__(self, remaining: Callable[[], float], budget: RetryBudget) -> None:
        self._remaining = remaining
        self._budget = budget

    def __call__(self, retry_state: RetryCallState) -> bool:
        return (
            retry_state.attempt_number >= ATTEMPTS
            or _asked(retry_state) > LONGEST_RETRY_AFTER_S
            or retry_state.upcoming_sleep >= self._remaining()
            or not self._budget.withdraw()
        )


def retry_after(error: BaseException | None) -> float | None:
    """Read the seconds that an answer asks its caller to wait: a number or a date (RFC 9110, 10.2.3)."""
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
    """Give the seconds that the last answer asked us to wait."""
    error = state.outcome.exception() if state.outcome else None
    return retry_after(error) or 0.0
