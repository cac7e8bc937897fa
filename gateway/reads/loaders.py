"""The loaders of one request: what many resolvers read one by one is read by one call for up to 80 ids."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from gateway.caller import Caller

T = TypeVar("T")

Read = Callable[[Caller, list[UUID]], Awaitable[Sequence[T | BaseException]]]
"""Reads many things at once; returns a thing or an error for each id, in their order."""

CHUNK = 80
"""Ids of one call: with a person's token they fit into the header of a sealed request (6 KiB)."""


class Loaders:
    """Load things by their ids; each is read once in a request."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._loaders = dict[Read[Any], DataLoader[UUID, Any]]()

    def load(self, read: Read[T], thing_id: UUID) -> Awaitable[T]:
        """Return a thing, read together with all others that are asked for at the same time."""
        if read not in self._loaders:
            self._loaders[read] = DataLoader(lambda ids: read(self._caller, ids), CHUNK)
        return self._loaders[read].load(thing_id)
