"""The sessions that their issuer has revoked, kept in memory: a token is checked without a call."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from chassis.auth.cached import Cached
from chassis.auth.tokens import LIFETIME_S
from chassis.dispatch.call import Call
from chassis.dispatch.dispatcher import Dispatcher

PATH = "/api/v1/users/revocations"
REVOCATIONS_EVERY_S = 2.0
TIMEOUT_S = 2.0
"""For one answer. After it and REVOCATIONS_EVERY_S, less than 5 s together, a revocation counts everywhere."""
KEEP_S = LIFETIME_S + 5 * 60
"""By then the last token of a revoked session has expired, whatever the clocks say."""


class RevokedSince(BaseModel):
    """What was revoked since the time that was asked for, and the time to ask for next."""

    sessions: list[UUID]
    until: AwareDatetime


def revocations_of(issuer: str) -> Call[None, RevokedSince]:
    """Declare the call that asks the service that issues tokens for revoked sessions."""
    return Call(issuer, "GET", PATH, query=("since",), returns=RevokedSince, timeout_s=TIMEOUT_S)


@dataclass(frozen=True, slots=True)
class _Revoked:
    """The revoked sessions, each with when this service learnt of it, and the time up to which they are known."""

    learnt: dict[UUID, float]
    until: datetime


class RemoteRevocations:
    """
    The revoked sessions of another service.

    Args:
        issuer: Its name.
        clock: Seconds, monotonic.
    """

    def __init__(self, dispatcher: Dispatcher, issuer: str, clock: Callable[[], float] = monotonic) -> None:
        self._dispatcher = dispatcher
        self._call = revocations_of(issuer)
        self._clock = clock
        self._revoked: Cached[_Revoked] = Cached(f"revoked sessions of {issuer}", self._fetch, clock)

    async def is_revoked(self, session_id: UUID) -> bool:
        """
        Look a session up; fetches the list if it was never had.

        Raises:
            ServiceUnavailable: The list was never had, and cannot be had now (503).
        """
        learnt = (await self._revoked.get()).learnt.get(session_id)
        return learnt is not None and learnt > self._clock() - KEEP_S

    async def refresh(self) -> None:
        """Learn what was revoked since the last time, and forget what has expired by itself."""
        await self._revoked.refresh()

    async def _fetch(self, present: _Revoked | None) -> _Revoked:
        query = {"since": present.until.isoformat()} if present else None
        news = await self._dispatcher.call(self._call, query=query)
        now = self._clock()
        kept = {session: at for session, at in (present.learnt if present else {}).items() if at > now - KEEP_S}
        return _Revoked(kept | dict.fromkeys(news.sessions, now), news.until)
