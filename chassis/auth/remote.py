"""
The token issuer's public keys and revoked sessions, kept in memory: tokens are checked without a call, and while the
issuer is down.

Each is fetched by one request at a time.
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
from chassis.dispatch.call import Call
from chassis.dispatch.dispatcher import Dispatcher

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


KEYS_PATH = "/.well-known/jwks.json"
KEYS_EVERY_S = 30.0
"""A key that is published for twice this long before it signs is known everywhere before its first token."""


class KeySet(BaseModel):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, Any]]


def keys_of(issuer: str) -> Call[None, KeySet]:
    """Declare the call that asks for the public keys of the service that issues tokens."""
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
        Return a key; fetches the key set when the id is new.

        Raises:
            UnknownKey: The issuer has no such key.
            ServiceUnavailable: The key set was never had, and cannot be had now (503).
        """
        keys = await self._keys.get(lambda keys: key_id in keys)
        if key_id not in keys:
            raise UnknownKey
        return keys[key_id]

    async def refresh(self) -> None:
        """Learn of new keys before their first token comes, and forget those that are gone."""
        await self._keys.refresh()

    async def _fetch(self, _present: dict[str, Key] | None) -> dict[str, Key]:
        return read_jwks((await self._dispatcher.call(self._call)).model_dump())


REVOCATIONS_PATH = "/api/v1/users/revocations"
REVOCATIONS_EVERY_S = 2.0
REVOCATIONS_TIMEOUT_S = 2.0
"""For one answer. After it and REVOCATIONS_EVERY_S, less than 5 s together, a revocation counts everywhere."""
KEEP_S = LIFETIME_S + 5 * 60
"""By then the last token of a revoked session has expired, even if clocks differ."""


class RevokedSince(BaseModel):
    """What was revoked since the time that was asked for, and the time to ask for next."""

    sessions: list[UUID]
    until: AwareDatetime


def revocations_of(issuer: str) -> Call[None, RevokedSince]:
    """Declare the call that asks the service that issues tokens for revoked sessions."""
    return Call(
        issuer, "GET", REVOCATIONS_PATH, query=("since",), returns=RevokedSince, timeout_s=REVOCATIONS_TIMEOUT_S
    )


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
        """Fetch what was revoked since the last time, and drop sessions whose tokens have expired."""
        await self._revoked.refresh()

    async def _fetch(self, present: _Revoked | None) -> _Revoked:
        query = {"since": present.until.isoformat()} if present else None
        news = await self._dispatcher.call(self._call, query=query)
        now = self._clock()
        kept = {session: at for session, at in (present.learnt if present else {}).items() if at > now - KEEP_S}
        return _Revoked(kept | dict.fromkeys(news.sessions, now), news.until)
