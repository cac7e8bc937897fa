"""
Errors: plain exceptions with a status and a code, answered as RFC 9457 problem documents by one handler.

A service subclasses the appropriate kind and names the fact; no other code writes error responses.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, ClassVar

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chassis.core import context as request_context
from chassis.core import json as strict_json

log = structlog.get_logger(__name__)

PROBLEM_JSON = "application/problem+json"
MOST_FIELD_ERRORS = 50
"""The largest number of invalid values in an answer."""


class AppError(Exception):
    """
    A failure that is reported to the caller.

    Attributes:
        status: The HTTP status.
        code: For programs; stable.
        message: For people; says what to change. An instance may be more precise.
        headers: Headers of the answer.
        errors: The invalid values of the request, if they can be named.
        oauth: Whether the answer has the form of OAuth 2, too (RFC 6749, 5.2): ``error`` is the code. Such a message is
            ASCII without double quotes and backslashes.
        members: Further members of the answer that repeat the message, for clients that read it there.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    message: str = "Something went wrong on our side."
    oauth: ClassVar[bool] = False
    members: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        message: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        errors: "Sequence[FieldError]" = (),
    ) -> None:
        self.message = message or self.message
        self.headers = dict(headers or {})
        self.errors = errors
        super().__init__(self.message)


class BadRequest(AppError):
    """The request is malformed (400)."""

    status = 400
    code = "bad_request"
    message = "The request is malformed."


class Unauthenticated(AppError):
    """There are no valid credentials (401)."""

    status = 401
    code = "unauthenticated"
    message = "Valid credentials are required."


class Forbidden(AppError):
    """The caller is known, but not allowed to do this (403)."""

    status = 403
    code = "forbidden"
    message = "You are not allowed to do this."


class NotFound(AppError):
    """There is no such thing, or the caller may not see it (404)."""

    status = 404
    code = "not_found"
    message = "There is nothing at this address."


class MethodNotAllowed(AppError):
    """The path exists, but not with this method (405)."""

    status = 405
    code = "method_not_allowed"
    message = "This path does not support this method; use one of those in the Allow header."


class RequestTimeout(AppError):
    """The request was not complete in time (408)."""

    status = 408
    code = "request_timeout"
    message = "The request did not arrive completely in time; send it again."


class Conflict(AppError):
    """The request contradicts the stored state (409)."""

    status = 409
    code = "conflict"
    message = "The request contradicts the current state."


class PayloadTooLarge(AppError):
    """The body is over the cap (413)."""

    status = 413
    code = "payload_too_large"
    message = "The body is too large."


class UriTooLong(AppError):
    """The request target is over the cap of the server (414)."""

    status = 414
    code = "uri_too_long"
    message = "The address is too long: at most 8 KiB with its query."


class UnsupportedMediaType(AppError):
    """The form of the body is not supported (415)."""

    status = 415
    code = "unsupported_media_type"
    message = "Send JSON without a Content-Encoding."


class InvalidRequest(AppError):
    """The request is well-formed, but its values are invalid (422)."""

    status = 422
    code = "invalid_request"
    message = "The request has invalid values."


class NothingToChange(InvalidRequest):
    """The change names no field (422)."""

    code = "nothing_to_change"
    message = "Send at least one field to change."


class TooManyRequests(AppError):
    """There are too many requests; the ``Retry-After`` header has the waiting time (429)."""

    status = 429
    code = "too_many_requests"
    message = "Too many requests; try again later."


class HeadersTooLarge(AppError):
    """The headers are over the caps of the server (431)."""

    status = 431
    code = "headers_too_large"
    message = "Too many headers, or too large ones: at most 100, and 32 KiB together."


class BadGateway(AppError):
    """Another service returned an unusable answer, or refused the call (502)."""

    status = 502
    code = "bad_gateway"
    message = "Another service returned no usable answer."


class ServiceUnavailable(AppError):
    """A dependency is down or overloaded; the request may be repeated (503)."""

    status = 503
    code = "service_unavailable"
    message = "The service is not available right now; try again shortly."


class DatabaseUnavailable(ServiceUnavailable):
    """The database does not answer, or has no free connection in time (503)."""

    code = "database_unavailable"
    message = "The database does not answer right now; try again shortly."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class DeadlineExceeded(AppError):
    """The request's deadline has passed (504)."""

    status = 504
    code = "deadline_exceeded"
    message = "There was no answer in time."


class FieldError(BaseModel):
    """One invalid value: its place and what to change."""

    location: str = Field(examples=["body"])
    pointer: str = Field(description="JSON pointer (RFC 6901) within the location.", examples=["/quantity"])
    code: str = Field(examples=["greater_than"])
    detail: str = Field(examples=["Input should be greater than 0"])


class Problem(BaseModel):
    """An error, in the form of RFC 9457."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(examples=["urn:problem:not_found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no such thing."])
    code: str = Field(examples=["not_found"])
    request_id: str = Field(examples=["0193b5a2c7f07d5e8a1b3c4d5e6f7081"])
    errors: list[FieldError] = Field([], description="The first 50 invalid values.")


class OAuthProblem(Problem):
    """An error for OAuth 2 clients, in the form of RFC 6749, with the members of RFC 9457 beside."""

    model_config = ConfigDict(title="OAuthProblem")

    error: str = Field(description="The same as `code`.", examples=["invalid_grant"])
    error_description: str = Field(description="The same as `detail`.", examples=["Username or password is wrong."])


def problem_response(error: AppError) -> Response:
    """Answer an error as problem+json; it has the request id, by which its log lines can be found."""
    problem = _problem(error, request_context.request_id(), error.errors)
    return Response(strict_json.dumps(problem), error.status, error.headers, media_type=_media_type(error))


async def answer_error(error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer an exception of a route; an unhandled one is logged completely and answered with an opaque 500."""
    if not isinstance(error, AppError):
        log.error("unhandled error", exc_info=error)
        error = AppError()
    await problem_response(error)(scope, receive, send)


def documented(
    *errors: type[AppError], beside: Mapping[int | str, dict[str, Any]] | None = None
) -> dict[int | str, dict[str, Any]]:
    """
    Describe a route's errors for OpenAPI, with an example each: ``responses=documented(EmailTaken)``.

    Args:
        beside: Earlier descriptions to extend.
    """
    responses = deepcopy(dict(beside or {}))
    for error in errors:
        response = responses.setdefault(error.status, {"description": error.message})
        schema = _OAUTH_PROBLEM if error.oauth else _PROBLEM
        content = response.setdefault("content", {}).setdefault(_media_type(error), {"schema": schema})
        content.setdefault("examples", {})[error.code] = {"value": _problem(error, _EXAMPLE_ID)}
    return responses


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error of *app* as problem+json; the outermost middleware handles unhandled exceptions."""
    app.add_exception_handler(AppError, _answer_app_error)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)


_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_OAUTH_PROBLEM = {"$ref": "#/components/schemas/OAuthProblem"}
_EXAMPLE_ID = "0193b5a2c7f07d5e8a1b3c4d5e6f7081"
_BY_STATUS: dict[int, type[AppError]] = {
    error.status: error
    for error in (
        BadRequest,
        Unauthenticated,
        Forbidden,
        NotFound,
        MethodNotAllowed,
        PayloadTooLarge,
        UnsupportedMediaType,
    )
}


def _media_type(error: AppError | type[AppError]) -> str:
    return "application/json" if error.oauth else PROBLEM_JSON  # as RFC 6749, 5.2 requires


def _problem(error: AppError | type[AppError], request_id: str, errors: Sequence[FieldError] = ()) -> dict[str, Any]:
    oauth = {"error": error.code, "error_description": error.message} if error.oauth else {}
    return {
        **oauth,
        **dict.fromkeys(error.members, error.message),
        "type": f"urn:problem:{error.code}",
        "title": error.code.replace("_", " ").capitalize(),
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        "request_id": request_id,
        "errors": [one.model_dump() for one in errors],
    }


async def _answer_app_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    return problem_response(error)


async def _answer_http_exception(_request: Request, error: Exception) -> Response:
    """Translate the framework's own errors: no such route, method not allowed, a malformed form."""
    assert isinstance(error, HTTPException)
    kind = _BY_STATUS.get(error.status_code, BadRequest)
    return problem_response(kind(headers=error.headers))


async def _answer_validation_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [field_error(one) for one in error.errors()[:MOST_FIELD_ERRORS]]
    return problem_response(InvalidRequest(errors=errors))


def field_error(error: Mapping[str, Any]) -> FieldError:
    """Return place and reason, without the value, which may be a password."""
    location, *path = error["loc"]
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
    if error["type"] == "json_invalid":
        return FieldError(
            location="body", pointer="", code="json_invalid", detail=f"Not valid JSON: {error['ctx']['error']}"
        )
    detail = error["msg"].removeprefix("Value error, ")  # pydantic's prefix for errors of our validators
    return FieldError(location=str(location), pointer=pointer, code=error["type"], detail=detail)
