"""
The token issuer's public keys and revoked sessions, cached in memory: checking a token needs no call, and works while
the issuer is down.

Only one request at a time fetches each.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Generic, TypeVar
from uuid import UUID

import structlog
from pydantic import AwareDatetime, BaseModel

from chassis.auth.signatures import Key
from chassis.auth.tokens import LIFETIME_S, UnknownKey, read_jwks
from chassis.core.errors import AppError, ServiceUnavailable
from chassis.core.outage import Outage
from chassis.dispatch.call import Call
from chassis.dispatch.dispatcher import Dispatcher

T = TypeVar("T")
log = structlog.get_logger(__name__)

RETRY_S = 1.0
"""How often a value that was never fetched is requested, at most; in between, callers fail at once."""
REFETCH_S = 10.0
"""How often an incomplete value is fetched again, at most, so that invented key ids do not load the issuer."""


class Cached(Generic[T]):
    """
    A value of another service, cached in memory.

    Args:
        what: Its name in the log, which has a line when fetching begins to fail and when it works again.
        fetch: Returns the next value, given the current one (None at first); AppError and ValueError are failures.
        clock: Seconds, monotonic.
    """

    def __init__(
        self, what: str, fetch: Callable[[T | None], Awaitable[T]], clock: Callable[[], float] = monotonic
    ) -> None:
        self._what = what
        self._outage = Outage(log, "background fetch failed", "background fetch recovered", what=what)
        self._fetch = fetch
        self._clock = clock
        self._value: T | None = None
        self._tried: float | None = None
        self._fetching = asyncio.Lock()

    async def get(self, is_enough: Callable[[T], bool] = lambda _value: True) -> T:
        """
        Return the value; fetch it first if it is missing or not enough, but not too often.

        Raises:
            ServiceUnavailable: The value was never fetched, and cannot be fetched now (503).
        """
        if self._value is None or not is_enough(self._value):
            await self._fetch_for(is_enough)
        if self._value is None:
            raise ServiceUnavailable(f"Access tokens cannot be checked: the {self._what} cannot be fetched.")
        return self._value

    async def refresh(self) -> None:
        """Fetch the value again; if that fails, the current value stays."""
        async with self._fetching:
            await self._try()

    async def _fetch_for(self, is_enough: Callable[[T], bool]) -> None:
        async with self._fetching:
            if self._value is not None and is_enough(self._value):
                return  # another request has fetched it in the meantime
            pause_s = RETRY_S if self._value is None else REFETCH_S
            if self._tried is None or self._clock() - self._tried >= pause_s:
                await self._try()

    async def _try(self) -> None:
        try:
            self._value = await self._fetch(self._value)
        except (AppError, ValueError) as error:
            self._outage.began(error)
        else:
            self._outage.ended()
        self._tried = self._clock()


KEYS_PATH = "/.well-known/jwks.json"
LOGIN_PATH = "/api/v1/users/login"
"""The login route of the issuer, for the documentation."""
KEYS_EVERY_S = 30.0
"""A key that is published for twice this long before it signs is known to all services before its first token."""


class KeySet(BaseModel):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, Any]]


def keys_of(issuer: str) -> Call[None, KeySet]:
    """Return the call that fetches the public keys of the token issuer."""
    return Call(issuer, "GET", KEYS_PATH, returns=KeySet, sealed=False)


class RemoteKeys:
    """
    The public keys of another service.

    Args:
        issuer: Its name.
        clock: Seconds, monotonic.
    """

    def __init__(self, dispatcher: Dispatcher, issuer: str, clock: Callable[[], float] = monotonic) -> None:
        self._dispatcher = dispatcher
        self._call = keys_of(issuer)
        self._keys: Cached[dict[str, Key]] = Cached(f"keys of {issuer}", self._fetch, clock)

    async def get(self, key_id: str) -> Key:
        """
        Return a key; fetch the key set if the id is unknown.

        Raises:
            UnknownKey: The issuer has no such key.
            ServiceUnavailable: The key set was never fetched, and cannot be fetched now (503).
        """
        keys = await self._keys.get(lambda keys: key_id in keys)
        if key_id not in keys:
            raise UnknownKey
        return keys[key_id]

    async def refresh(self) -> None:
        """Fetch the key set, so that new keys are known before their first token and removed keys are dropped."""
        await self._keys.refresh()

    async def _fetch(self, _present: dict[str, Key] | None) -> dict[str, Key]:
        return read_jwks((await self._dispatcher.call(self._call)).model_dump())


REVOCATIONS_PATH = "/api/v1/users/revocations"
REVOCATIONS_EVERY_S = 2.6
REVOCATIONS_TIMEOUT_S = 2.0
"""
The timeout of a request. After it and REVOCATIONS_EVERY_S with its jitter, less than 5 s in all, a revocation counts
everywhere.
"""
KEEP_S = LIFETIME_S + 5 * 60
"""By then the last token of a revoked session has expired, even if clocks differ."""


class RevokedSince(BaseModel):
    """The sessions revoked since the requested time, and the time to request next."""

    sessions: list[UUID]
    until: AwareDatetime


def revocations_of(issuer: str) -> Call[None, RevokedSince]:
    """Return the call that fetches revoked sessions from the token issuer."""
    return Call(
        issuer, "GET", REVOCATIONS_PATH, query=("since",), returns=RevokedSince, timeout_s=REVOCATIONS_TIMEOUT_S
    )


@dataclass(frozen=True, slots=True)
class _Revoked:
    """The revoked sessions, each with the time at which it was fetched, and the time up to which they are known."""

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
        Return whether a session is revoked; fetch the list if it is missing.

        Raises:
            ServiceUnavailable: The list was never fetched, and cannot be fetched now (503).
        """
        learnt = (await self._revoked.get()).learnt.get(session_id)
        return learnt is not None and learnt > self._clock() - KEEP_S

    async def refresh(self) -> None:
        """Fetch what was revoked since the last time, and drop sessions whose tokens have expired."""
        await self._revoked.refresh()

    async def _fetch(self, present: _Revoked | None) -> _Revoked:
        query = {"since": present.until.isoformat()} if present else None
        news = await self._dispatcher.call(self._call, query=query)
        now = self._clock()
        kept = {session: at for session, at in (present.learnt if present else {}).items() if at > now - KEEP_S}
        return _Revoked(kept | dict.fromkeys(news.sessions, now), news.until)
