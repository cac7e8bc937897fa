"""The issuer's public keys, fetched through the dispatcher and kept: tokens can be checked while the issuer is down."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

import structlog

from chassis.auth.tokens import UnknownKey, read_jwks
from chassis.dispatch.dispatcher import Dispatcher
from chassis.errors import AppError, ServiceUnavailable

log = structlog.get_logger(__name__)

PATH = "/.well-known/jwks.json"
RETRY_S = 1.0
"""While there are no keys at all, they are asked for at most this often; who asks in between is told at once."""
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
        self._clock = clock
        self._keys: dict[str, Any] = {}
        self._tried: float | None = None
        self._fetching = asyncio.Lock()

    async def get(self, key_id: str) -> Any:  # noqa: ANN401 - a key object of the library
        """
        Give a key; fetches the key set when the id is new.

        Raises:
            UnknownKey: The issuer has no such key.
            ServiceUnavailable: The key set was never had, and cannot be had now (503).
        """
        if key_id not in self._keys:
            async with self._fetching:
                if key_id not in self._keys and self._may_fetch():
                    await self._fetch()
        if not self._keys:
            raise ServiceUnavailable(f"Access tokens cannot be checked: the {self._service} service gives no keys.")
        if key_id not in self._keys:
            raise UnknownKey
        return self._keys[key_id]

    def _may_fetch(self) -> bool:
        pause = REFETCH_S if self._keys else RETRY_S
        return self._tried is None or self._clock() - self._tried >= pause

    async def _fetch(self) -> None:
        try:
            self._keys = read_jwks(await self._dispatcher.get(self._service, PATH, sealed=False))
        except (AppError, ValueError) as error:
            log.warning("keys could not be fetched", target=self._service, reason=str(error))
        self._tried = self._clock()
