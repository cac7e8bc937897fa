"""What a service keeps of the token issuer's answers: fetched by one at a time, kept while the issuer is down."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

import structlog

from chassis.core.errors import AppError, ServiceUnavailable

T = TypeVar("T")
log = structlog.get_logger(__name__)

RETRY_S = 1.0
"""A value that was never fetched is asked for at most this often; in between its absence is answered at once."""
REFETCH_S = 10.0
"""A value that lacks something is fetched anew at most this often, so that made-up key ids cost the issuer nothing."""


class Cached(Generic[T]):
    """
    A value of another service, kept in memory.

    Args:
        what: Its name in the log, which has a line when fetching begins to fail and one when it works again.
        fetch: Makes the next value of the present one, which is None at first; AppError and ValueError are failures.
        clock: Seconds, monotonic.
    """

    def __init__(
        self, what: str, fetch: Callable[[T | None], Awaitable[T]], clock: Callable[[], float] = monotonic
    ) -> None:
        self._what = what
        self._fetch = fetch
        self._clock = clock
        self._value: T | None = None
        self._tried: float | None = None
        self._fails = False
        self._fetching = asyncio.Lock()

    async def get(self, is_enough: Callable[[T], bool] = lambda _value: True) -> T:
        """
        Return the value; fetches it first if it was never had or is not enough, but not too often.

        Raises:
            ServiceUnavailable: It was never had, and cannot be had now (503).
        """
        if self._value is None or not is_enough(self._value):
            await self._fetch_for(is_enough)
        if self._value is None:
            raise ServiceUnavailable(f"Access tokens cannot be checked: the {self._what} cannot be fetched.")
        return self._value

    async def refresh(self) -> None:
        """Fetch it anew; if that fails the present value stays."""
        async with self._fetching:
            await self._try()

    async def _fetch_for(self, is_enough: Callable[[T], bool]) -> None:
        async with self._fetching:
            if self._value is not None and is_enough(self._value):
                return  # another request has fetched it meanwhile
            pause_s = RETRY_S if self._value is None else REFETCH_S
            if self._tried is None or self._clock() - self._tried >= pause_s:
                await self._try()

    async def _try(self) -> None:
        try:
            self._value = await self._fetch(self._value)
        except (AppError, ValueError) as error:
            if not self._fails:
                log.warning("fetching fails", what=self._what, reason=str(error))
            self._fails = True
        else:
            if self._fails:
                log.warning("fetching works again", what=self._what)
            self._fails = False
        self._tried = self._clock()
