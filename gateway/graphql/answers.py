"""Answers to GraphQL requests: their statuses, media types and caching."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from fastapi import Request, Response
from graphql import ExecutionResult

from chassis.core import json as strict_json
from chassis.web.etag import parse_tags
from gateway.graphql import metrics
from gateway.graphql.documents import UNNAMED
from gateway.graphql.errors import presented
from gateway.graphql.media_types import GRAPHQL
from gateway.graphql.operations import Operation
from gateway.graphql.refusals import Refused

OK = 200
PARTIAL = 294
"""Data and errors, by GraphQL over HTTP; a code of its own, so that logs and proxies see it."""
_NOT_STORED = {"Cache-Control": "no-store"}
_REVALIDATED = {"Cache-Control": "private, no-cache", "Vary": "Accept, Authorization"}
_TAG_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class Result:
    """The result of an operation, as it is sent."""

    body: dict[str, Any]

    @property
    def errors(self) -> Sequence[Mapping[str, Any]]:
        """Its errors."""
        errors: Sequence[Mapping[str, Any]] = self.body.get("errors", ())
        return errors

    def encoded(self) -> bytes:
        """Return it as JSON."""
        return strict_json.dumps(self.body)


def result_of(executed: ExecutionResult, operation: Operation) -> Result:
    """Return the result of an executed operation with its price, and count its errors."""
    errors = [dict(presented(error).formatted) for error in executed.errors or ()]
    _count_errors(operation.label, errors)
    body = {"errors": errors} if errors else {}
    return Result({**body, "data": executed.data, "extensions": {"cost": operation.cost}})


def result_of_refusal(refused: Refused) -> Result:
    """Return the result of a request that is not executed, and count it."""
    errors = refused.formatted()
    metrics.OPERATIONS.labels(UNNAMED, "refused").inc()
    _count_errors(UNNAMED, errors)
    return Result({"errors": errors})


def answer(result: Result, media_type: str) -> Response:
    """Answer an executed operation: 200, or 294 if there are errors beside the data."""
    status = PARTIAL if result.errors else OK
    return Response(result.encoded(), status, _NOT_STORED, _in_utf_8(media_type))


def answer_refused(refused: Refused) -> Response:
    """Answer a request that is not executed; the media type distinguishes it from errors of proxies."""
    body = result_of_refusal(refused).encoded()
    return Response(body, refused.status, refused.headers | _NOT_STORED, _in_utf_8(GRAPHQL))


def answer_revalidated(result: Result, media_type: str, request: Request) -> Response:
    """
    Answer a GET by document id, which a browser may store for its person and must revalidate: 304 if it is unchanged.

    Raises:
        InvalidETag: The If-None-Match is malformed (400).
    """
    if result.errors:
        return answer(result, media_type)
    body = result.encoded()
    tag = sha256(media_type.encode() + body).hexdigest()[:_TAG_CHARACTERS]
    headers = _REVALIDATED | {"ETag": f'W/"{tag}"'}
    known = request.headers.getlist("if-none-match")
    if known and parse_tags(", ".join(known)).name(tag):
        return Response(status_code=304, headers=headers)
    return Response(body, OK, headers, _in_utf_8(media_type))


def _in_utf_8(media_type: str) -> str:
    return f"{media_type}; charset=utf-8"


def _count_errors(label: str, errors: Sequence[Mapping[str, Any]]) -> None:
    for error in errors:
        metrics.ERRORS.labels(label, error.get("extensions", {}).get("code", UNNAMED)).inc()
