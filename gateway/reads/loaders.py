"""The loaders of one request: what many resolvers read one by one is read by one call for up to 80 ids."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from gateway.caller import Caller

T = TypeVar("T")
N = TypeVar("N")

Read = Callable[[Caller, list[UUID]], Awaitable[Sequence[T | BaseException | None]]]
"""Reads many things at once; returns a thing, an error, or None for each id, in their order."""

CHUNK = 80
"""Ids of one call: with a person's token they fit into the header of a sealed request (6 KiB)."""


class Loaders:
    """Load things by their ids; each is read once in a request."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._loaders = dict[Read[Any], DataLoader[UUID, Any]]()

    def load(self, read: Read[T], thing_id: UUID, of: Callable[[T], N]) -> N | Awaitable[N | None] | None:
        """
        Return what *of* makes of a thing; None if there is none.

        It is there at once if it was read before, and otherwise read together with all that are asked for meanwhile.
        """
        reading = asyncio.ensure_future(self._loader(read).load(thing_id))
        if reading.done() and not reading.exception():
            found = reading.result()
            return None if found is None else of(found)
        return _made(reading, of)

    async def load_ahead(self, read: Read[Any], ids: Iterable[UUID]) -> None:
        """Read things that fields will ask for: none of these waits then. If it fails, the fields have the errors."""
        loader = self._loader(read)
        await asyncio.gather(*map(loader.load, dict.fromkeys(ids)), return_exceptions=True)

    def _loader(self, read: Read[Any]) -> DataLoader[UUID, Any]:
        if read not in self._loaders:
            self._loaders[read] = DataLoader(lambda ids: read(self._caller, ids), CHUNK)
        return self._loaders[read]


async def _made(reading: Awaitable[T | None], of: Callable[[T], N]) -> N | None:
    found = await reading
    return None if found is None else of(found)
