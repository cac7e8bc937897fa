"""What the services keep of the issuer's: fetched by one at a time, kept while it is down."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

import structlog

from chassis.core.errors import AppError

log = structlog.get_logger(__name__)

RETRY_S = 1.0
"""What was never had is asked for at most this often; who asks in between is told at once."""


class SingleFlight:
    """
    Fetches one thing, one fetch at a time. A failure is no error here: whoever needs the thing sees that it is missing.

    Args:
        what: Its name in the log, which has a line when it begins to fail and one when it works again.
        fetch: Fetches and keeps it; AppError and ValueError are failures.
        clock: Seconds, monotonic.
    """

    def __init__(self, what: str, fetch: Callable[[], Awaitable[None]], clock: Callable[[], float] = monotonic) -> None:
        self._what = what
        self._fetch = fetch
        self._clock = clock
        self._tried: float | None = None
        self._fails = False
        self._flying = asyncio.Lock()

    async def refresh(self) -> None:
        """Fetch it anew."""
        async with self._flying:
            await self._try()

    async def need(self, is_there: Callable[[], bool], pause_s: float) -> None:
        """Fetch it unless it is there meanwhile, or was asked for less than *pause_s* seconds ago."""
        async with self._flying:
            if not is_there() and (self._tried is None or self._clock() - self._tried >= pause_s):
                await self._try()

    async def _try(self) -> None:
        try:
            await self._fetch()
        except (AppError, ValueError) as error:
            if not self._fails:
                log.warning("fetching fails", what=self._what, reason=str(error))
            self._fails = True
        else:
            if self._fails:
                log.warning("fetching works again", what=self._what)
            self._fails = False
        self._tried = self._clock()
