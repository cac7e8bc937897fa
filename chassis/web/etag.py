"""
Entity tags (RFC 9110, sections 8.8.3 and 13): 304 if the reader is up to date, 412 if a write would undo another.

A read route answers with ``Tagging``. A write route takes ``IfMatch`` and passes it to its service function, which uses
it in the condition of the UPDATE.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request, Response

from chassis.core.errors import AppError, BadRequest

_TAG = r'(W/)?"([\x21\x23-\x7e\x80-\xff]*+)"'
_LIST = re.compile(rf"(?:{_TAG})?+(?:[ \t]*+,[ \t]*+(?:{_TAG})?+)*+")
_ONE = re.compile(_TAG)
T = TypeVar("T")


class PreconditionFailed(AppError):
    """The resource was changed since the caller read it (412)."""

    status = 412
    code = "precondition_failed"
    message = "This has changed since you read it; read it again and repeat the change if it still applies."


class InvalidETag(BadRequest):
    """A header with entity tags is malformed (400)."""

    code = "invalid_etag"
    message = 'If-Match and If-None-Match are "*" or a list of quoted tags, as in "1-5", W/"7".'


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags in a header, without their quotes; *any* stands for ``*``."""

    strong: frozenset[str]
    weak: frozenset[str] = frozenset()
    any: bool = False

    def name(self, tag: str) -> bool:
        """Whether *tag* is among them, by weak comparison."""
        return self.any or tag in self.strong or tag in self.weak


def parse_tags(value: str) -> Tags:
    """
    Read the value of If-Match or If-None-Match.

    Raises:
        InvalidETag: It is neither ``*`` nor a list of entity tags (400).
    """
    if value == "*":
        return Tags(frozenset(), any=True)
    if not _LIST.fullmatch(value):
        raise InvalidETag
    tags = _ONE.findall(value)
    return Tags(
        strong=frozenset(tag for weak, tag in tags if not weak), weak=frozenset(tag for weak, tag in tags if weak)
    )


async def _if_match(
    request: Request,
    if_match: Annotated[
        str | None, Header(description="Change it only if its `ETag` is one of these; otherwise answer 412.")
    ] = None,
) -> Tags | None:
    return None if if_match is None else parse_tags(_all_lines(request, "if-match"))


IfMatch = Annotated[Tags | None, Depends(_if_match)]
"""
The condition of a write; None without the header.

Only strong tags count: a weak one never matches (section 13.1.1).
"""


@dataclass(frozen=True, slots=True)
class Tagger:
    """Answers a read with its entity tag."""

    _known: Tags | None
    _response: Response

    def answer(self, body: T, tag: str) -> T | Response:
        """Return *body*, or 304 if the client has this version."""
        set_etag(self._response, tag)
        if self._known and self._known.name(tag):
            return Response(status_code=304, headers=self._response.headers)
        return body

    def answer_json(self, written: bytes) -> Response:
        """Return JSON that is written already, tagged by its content, or 304 if the client has it."""
        answer = self.answer(written, tag_of(written.decode()))
        if isinstance(answer, Response):
            return answer
        return Response(written, headers=self._response.headers, media_type="application/json")


async def _tagger(
    request: Request,
    response: Response,
    if_none_match: Annotated[str | None, Header(description="Answer 304 if the `ETag` is one of these.")] = None,
) -> Tagger:
    return Tagger(None if if_none_match is None else parse_tags(_all_lines(request, "if-none-match")), response)


Tagging = Annotated[Tagger, Depends(_tagger)]
"""For a read that may be answered with 304."""

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "Not changed: the `ETag` is the same."}}
"""The documentation of such a read."""


def tag_of(*parts: str) -> str:
    """Return a tag that changes with each of these: for an answer that is made of things with tags."""
    return sha256("\n".join(parts).encode()).hexdigest()[:32]


def _all_lines(request: Request, name: str) -> str:
    """Return the value of a header that may be sent in several lines."""
    return ", ".join(request.headers.getlist(name))


def set_etag(response: Response, tag: str) -> None:
    """Set the entity tag of an answer; *tag* has no quotes yet."""
    response.headers["ETag"] = f'"{tag}"'
