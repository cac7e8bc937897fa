"""
Keyset pagination: a cursor holds where the last page ended, is opaque, and cannot be tampered with.

Rows are sorted by UUIDv7 id, newest first, or by another value and then the id, which may be a text; so a page is one
index range at any depth. A cursor belongs to one list: to its path, and to its query except ``limit`` and ``cursor``.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, NamedTuple, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from chassis.application import application_of
from chassis.core import json as strict_json
from chassis.core.errors import BadRequest

_TAG_BYTES = 16
_ID_BYTES = 16
_NO_UUID = bytes(_ID_BYTES)
"""Before the JSON of an id that is a text: the nil UUID, which no row has."""
_OWN_PARAMETERS = frozenset({"limit", "cursor"})
_LONGEST_CURSOR = 2000
"""In characters: room for a key of 200 characters, escaped in JSON."""
T = TypeVar("T")
SortKey = str | int


class InvalidCursor(BadRequest):
    """The cursor is not one of ours, or belongs to another list (400)."""

    code = "invalid_cursor"
    message = "This cursor is not valid here; start again without one."


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """The rows of one page; a route answers them as ``Page``."""

    items: Sequence[T]
    next_cursor: str | None


class Position(NamedTuple):
    """The end of a page: its last id, and in a list sorted by something else also that value."""

    id: UUID | str
    key: SortKey | None = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The requested page: at most *limit* items after *position*; None for the first page."""

    limit: int
    position: Position | None
    _request: Request
    _response: Response
    _key: bytes

    @property
    def after(self) -> UUID | None:
        """The last id of the previous page, in a list whose ids are UUIDs."""
        return self.position.id if self.position and isinstance(self.position.id, UUID) else None

    def slice(
        self, rows: Sequence[T], id_of: Callable[[T], UUID | str], key_of: Callable[[T], SortKey] | None = None
    ) -> Slice[T]:
        """
        Return the page of rows that were fetched with ``limit + 1``, and add the ``Link`` header.

        One row more than the page means that there is a next page.

        Args:
            key_of: Returns the sort value of a row, if the rows are not sorted by their ids alone.
        """
        if len(rows) <= self.limit:
            return Slice(rows, None)
        items = rows[: self.limit]
        last = Position(id_of(items[-1]), key_of(items[-1]) if key_of else None)
        cursor = _encode(self._key, _list_of(self._request), last)
        query = [pair for pair in self._request.query_params.multi_items() if pair[0] != "cursor"]
        next_page = f"{self._request.url.path}?{urlencode([*query, ('cursor', cursor)])}"
        self._response.headers["Link"] = f'<{next_page}>; rel="next"'
        return Slice(items, cursor)


async def _page_request(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=100, description="The largest number of items.")] = 20,
    cursor: Annotated[
        str | None, Query(max_length=_LONGEST_CURSOR, description="`next_cursor` of the previous page.")
    ] = None,
) -> PageRequest:
    key = application_of(request.app).settings.cursor_key.get_secret_value().encode()
    position = _decode(key, _list_of(request), cursor) if cursor else None
    return PageRequest(limit, position, request, response, key)


Paging = Annotated[PageRequest, Depends(_page_request)]
"""The requested page, as a dependency of a list route."""


def _list_of(request: Request) -> str:
    """Return the name of the list that a request is about."""
    wanted = sorted(pair for pair in request.query_params.multi_items() if pair[0] not in _OWN_PARAMETERS)
    return f"{request.url.path}?{urlencode(wanted)}"


def _encode(key: bytes, whose: str, last: Position) -> str:
    if isinstance(last.id, str):
        return _sign(key, whose, _NO_UUID + strict_json.dumps(list(last)))
    raw = last.id.bytes + (b"" if last.key is None else strict_json.dumps(last.key))
    return _sign(key, whose, raw)


def _decode(key: bytes, whose: str, cursor: str) -> Position:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[:-_TAG_BYTES]
    except ValueError as error:
        raise InvalidCursor from error
    # Compared as text: base64 is decoded leniently, and a cursor has one valid spelling.
    if not hmac.compare_digest(cursor.encode(), _sign(key, whose, raw).encode()):
        raise InvalidCursor
    row_id, rest = raw[:_ID_BYTES], raw[_ID_BYTES:]
    if row_id == _NO_UUID:
        return Position(*strict_json.loads(rest))
    return Position(UUID(bytes=row_id), strict_json.loads(rest) if rest else None)


def _sign(key: bytes, whose: str, raw: bytes) -> str:
    tag = hmac.digest(key, whose.encode() + b"\0" + raw, hashlib.sha256)[:_TAG_BYTES]
    return base64.urlsafe_b64encode(raw + tag).rstrip(b"=").decode()
