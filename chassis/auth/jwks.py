"""The issuer's public keys, kept in memory: tokens can be checked while the issuer is down."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from pydantic import BaseModel

from chassis.auth.cached import Cached
from chassis.auth.signatures import Key
from chassis.auth.tokens import UnknownKey, read_jwks
from chassis.dispatch.call import Call
from chassis.dispatch.dispatcher import Dispatcher

PATH = "/.well-known/jwks.json"
KEYS_EVERY_S = 30.0
"""A key that is published for twice this long before it signs is known everywhere before its first token."""


class KeySet(BaseModel):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, Any]]


def keys_of(issuer: str) -> Call[None, KeySet]:
    """Declare the call that asks for the public keys of the service that issues tokens."""
    return Call(issuer, "GET", PATH, returns=KeySet, sealed=False)


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
