"""
Keyset pagination: a cursor says where the last page ended, is opaque, and cannot be tampered with.

The order is that of UUIDv7 ids, newest first, so a page is one index range whatever its depth.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from chassis.errors import BadRequest

_TAG_BYTES = 16
T = TypeVar("T")


class InvalidCursor(BadRequest):
    """The cursor is not one of ours, or not of this list."""

    code = "invalid_cursor"
    message = "This cursor is not valid here; begin again without one."


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """The rows of one page, which a route answers as ``Page``."""

    items: Sequence[T]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for: at most *limit* items after (older than) the id *after*."""

    limit: int
    after: UUID | None
    _request: Request
    _response: Response
    _key: bytes

    def slice(self, rows: Sequence[T], id_of: Callable[[T], UUID]) -> Slice[T]:
        """
        Make the page of rows that were fetched with ``limit + 1``, and add the ``Link`` header.

        The one row too many says that there is a next page.
        """
        if len(rows) <= self.limit:
            return Slice(rows, None)
        items = rows[: self.limit]
        cursor = _encode(self._key, self._request.url.path, id_of(items[-1]))
        url = self._request.url.include_query_params(cursor=cursor)
        self._response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        return Slice(items, cursor)


async def _page_request(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=100, description="How many at most.")] = 20,
    cursor: Annotated[str | None, Query(max_length=100, description="`next_cursor` of the page before.")] = None,
) -> PageRequest:
    key = request.app.state.settings.cursor_key.get_secret_value().encode()
    after = _decode(key, request.url.path, cursor) if cursor else None
    return PageRequest(limit, after, request, response, key)


Paging = Annotated[PageRequest, Depends(_page_request)]
"""The page a list route is asked for."""


def _encode(key: bytes, path: str, last: UUID) -> str:
    return base64.urlsafe_b64encode(last.bytes + _tag(key, path, last.bytes)).rstrip(b"=").decode()


def _decode(key: bytes, path: str, cursor: str) -> UUID:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError as error:
        raise InvalidCursor from error
    if len(raw) < 16:  # noqa: PLR2004 - an id
        raise InvalidCursor
    last = UUID(bytes=raw[:16])
    # Compared as text: base64 is decoded leniently, and a cursor has one spelling.
    if not hmac.compare_digest(cursor.encode(), _encode(key, path, last).encode()):
        raise InvalidCursor
    return last


def _tag(key: bytes, path: str, last: bytes) -> bytes:
    return hmac.digest(key, path.encode() + b"\0" + last, hashlib.sha256)[:_TAG_BYTES]
