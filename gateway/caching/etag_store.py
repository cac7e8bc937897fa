"""
Answers that are the same for all people, or for all without a token: they are read again only if they have changed.

Each read asks the service (``If-None-Match``): a stored answer is returned only after the service has confirmed it.
What depends on a person is not stored: the calls are declared, and made without an access token.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Any

from prometheus_client import Counter

from chassis.dispatch.call import Call, Returns, Tagged
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from chassis.dispatch.transport import Query

MOST_ENTRIES = 2000
MOST_BYTES = 4 * 2**20
"""Of the bodies of all stored answers; their values take several times as much memory."""

READS = Counter("etag_store_reads", "Reads of stored answers; unchanged ones were not sent again.", ["outcome"])

_Key = tuple[Call[Any, Any], str]
_NO_PARAMETERS: dict[str, object] = {}


class EtagStore:
    """
    The answers of a process; the ones that were not read for longest give way to others.

    Args:
        calls: The calls whose answers do not depend on the person.
        entries: How many answers it stores.
        size: How many bytes their bodies may have together; one may have a quarter.
    """

    def __init__(
        self, calls: Collection[Call[Any, Any]], *, entries: int = MOST_ENTRIES, size: int = MOST_BYTES
    ) -> None:
        self.calls = frozenset(calls)
        self._entries = entries
        self._size = size
        self._left = size
        self._stored = OrderedDict[_Key, Tagged[Any]]()

    async def read(
        self,
        dispatcher: Dispatcher,
        call: Call[Any, Returns],
        *,
        path: Mapping[str, object] = _NO_PARAMETERS,
        query: Query | None = None,
    ) -> Returns:
        """
        Make a declared read, and return its answer; many requests may have it, so it must not be changed.

        Raises:
            TypeError: Its answer may depend on the person.
            AppError: As raised by ``Dispatcher.read``.
        """
        if call not in self.calls:
            raise TypeError(f"{call}: its answer may depend on the person")
        key = (call, call.address("", path, query).url)
        known: Tagged[Returns] | None = self._stored.get(key)
        try:
            found = await dispatcher.read(call, unless=known.tag if known else None, path=path, query=query)
        except RemoteError:  # such as a product that no longer exists
            self._remove(key)
            raise
        if found is None:
            assert known
            READS.labels("unchanged").inc()
            if key in self._stored:
                self._stored.move_to_end(key)
            return known.value
        READS.labels("changed" if known else "new").inc()
        self._store(key, found)
        return found.value

    def _store(self, key: _Key, answer: Tagged[Any]) -> None:
        """Store an answer in place of an earlier one."""
        self._remove(key)
        if answer.tag is None or answer.size > self._size // 4:
            return
        self._stored[key] = answer
        self._left -= answer.size
        while self._left < 0 or len(self._stored) > self._entries:
            self._remove(next(iter(self._stored)))

    def _remove(self, key: _Key) -> None:
        if removed := self._stored.pop(key, None):
            self._left += removed.size
