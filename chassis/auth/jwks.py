"""The issuer's public keys, fetched through the dispatcher and kept: tokens can be checked while the issuer is down."""

from collections.abc import Callable
from time import monotonic

from chassis.auth.signatures import Key
from chassis.auth.single_flight import RETRY_S, SingleFlight
from chassis.auth.tokens import UnknownKey, read_jwks
from chassis.core.errors import ServiceUnavailable
from chassis.dispatch.dispatcher import Dispatcher

PATH = "/.well-known/jwks.json"
KEYS_EVERY_S = 30.0
"""A key that is published for twice this long before it signs is known everywhere before its first token."""
REFETCH_S = 10.0
"""An unknown key id is looked up at most this often, so that made-up ids cost the issuer nothing."""


class RemoteKeys:
    """
    The public keys of another service.

    Args:
        service: The issuer's name.
        clock: Seconds, monotonic.
    """

    def __init__(self, dispatcher: Dispatcher, service: str, clock: Callable[[], float] = monotonic) -> None:
        self._dispatcher = dispatcher
        self._service = service
        self._keys: dict[str, Key] = {}
        self._set = SingleFlight(f"keys of {service}", self._fetch, clock)

    async def get(self, key_id: str) -> Key:
        """
        Give a key; fetches the key set when the id is new.

        Raises:
            UnknownKey: The issuer has no such key.
            ServiceUnavailable: The key set was never had, and cannot be had now (503).
        """
        if key_id not in self._keys:
            await self._set.need(lambda: key_id in self._keys, REFETCH_S if self._keys else RETRY_S)
        if not self._keys:
            raise ServiceUnavailable(f"Access tokens cannot be checked: the {self._service} service gives no keys.")
        if key_id not in self._keys:
            raise UnknownKey
        return self._keys[key_id]

    async def refresh(self) -> None:
        """Learn of new keys before their first token comes, and forget those that are gone."""
        await self._set.refresh()

    async def _fetch(self) -> None:
        self._keys = read_jwks(await self._dispatcher.get(self._service, PATH, sealed=False))
