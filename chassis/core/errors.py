"""
Errors: plain exceptions with a status and a code, answered as RFC 9457 problem details by one handler.

A service subclasses the kind it needs and states the fact; nothing else in the code writes error responses.
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
"""So many invalid values are named in an answer."""


class AppError(Exception):
    """
    A failure that the caller is told about.

    Attributes:
        status: The HTTP status.
        code: What programs test for; stable.
        message: What people read; says what to change. An instance may say it more precisely.
        headers: Sent with the answer.
        errors: The values of the request that it is about, where they can be named.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    message: str = "Something went wrong on our side."

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
    """The request cannot be understood (400)."""

    status = 400
    code = "bad_request"
    message = "The request cannot be understood."


class Unauthenticated(AppError):
    """Nobody, or nobody we know (401)."""

    status = 401
    code = "unauthenticated"
    message = "Valid credentials are needed."


class Forbidden(AppError):
    """Known, but not allowed (403)."""

    status = 403
    code = "forbidden"
    message = "You are not allowed to do this."


class NotFound(AppError):
    """No such thing, or none that the caller may see (404)."""

    status = 404
    code = "not_found"
    message = "There is nothing at this address."


class MethodNotAllowed(AppError):
    """The path is right, the method is not (405)."""

    status = 405
    code = "method_not_allowed"
    message = "This path does not take this method; see the Allow header."


class RequestTimeout(AppError):
    """The request did not arrive whole in time (408)."""

    status = 408
    code = "request_timeout"
    message = "The request did not arrive whole in time."


class Conflict(AppError):
    """The request contradicts what is stored (409)."""

    status = 409
    code = "conflict"
    message = "The request contradicts the present state."


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
    """A body in a form that is not taken (415)."""

    status = 415
    code = "unsupported_media_type"
    message = "Send JSON without a Content-Encoding."


class InvalidRequest(AppError):
    """Understood, but the values are not acceptable (422)."""

    status = 422
    code = "invalid_request"
    message = "The request has invalid values."


class NothingToChange(InvalidRequest):
    """A change that names no field (422)."""

    code = "nothing_to_change"
    message = "Name at least one field that is to change."


class TooManyRequests(AppError):
    """Asked too often; the ``Retry-After`` header says when to come back (429)."""

    status = 429
    code = "too_many_requests"
    message = "Too many requests; try again later."


class HeadersTooLarge(AppError):
    """The headers are over the caps of the server (431)."""

    status = 431
    code = "headers_too_large"
    message = "Too many headers, or too large ones: at most 100, and 32 KiB together."


class BadGateway(AppError):
    """Another service answered with something unusable or refused what we asked (502)."""

    status = 502
    code = "bad_gateway"
    message = "Another service gave no usable answer."


class ServiceUnavailable(AppError):
    """Something needed is down or full; worth another try (503)."""

    status = 503
    code = "service_unavailable"
    message = "This cannot be done right now; try again shortly."


class DatabaseUnavailable(ServiceUnavailable):
    """The database does not answer, or has no connection free in time."""

    code = "database_unavailable"
    message = "The database does not answer right now; try again shortly."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class DeadlineExceeded(AppError):
    """The time for this request is used up (504)."""

    status = 504
    code = "deadline_exceeded"
    message = "There was no answer in time."


class FieldError(BaseModel):
    """One invalid value: where it stands and what to change."""

    location: str = Field(examples=["body"])
    pointer: str = Field(description="JSON pointer (RFC 6901) within the location.", examples=["/quantity"])
    code: str = Field(examples=["greater_than"])
    detail: str = Field(examples=["Input should be greater than 0"])


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(examples=["urn:problem:not_found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no such thing."])
    code: str = Field(examples=["not_found"])
    request_id: str = Field(examples=["0193b5a2c7f07d5e8a1b3c4d5e6f7081"])
    errors: list[FieldError] = Field([], description="The first 50 invalid values.")


def problem_response(error: AppError) -> Response:
    """Answer an error as problem+json; it carries the request id, so that the log can be found."""
    problem = _problem(error, request_context.request_id(), error.errors)
    return Response(strict_json.dumps(problem), error.status, error.headers, media_type=PROBLEM_JSON)


async def answer_error(error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what a route raised; what nobody foresaw is logged whole and answered with nothing of it."""
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
        beside: What was described so before.
    """
    responses = deepcopy(dict(beside or {}))
    for error in errors:
        response = responses.setdefault(error.status, {"description": error.message})
        content = response.setdefault("content", {}).setdefault(PROBLEM_JSON, {"schema": _PROBLEM})
        content.setdefault("examples", {})[error.code] = {"value": _problem(error, _EXAMPLE_ID)}
    return responses


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error of *app* as problem+json; what nobody foresaw is left to the outermost middleware."""
    app.add_exception_handler(AppError, _answer_app_error)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)


_PROBLEM = {"$ref": "#/components/schemas/Problem"}
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


def _problem(error: AppError | type[AppError], request_id: str, errors: Sequence[FieldError] = ()) -> dict[str, Any]:
    return {
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
    """Translate what the framework itself raises: no such route, method not allowed, a form that cannot be read."""
    assert isinstance(error, HTTPException)
    kind = _BY_STATUS.get(error.status_code, BadRequest)
    return problem_response(kind(headers=error.headers))


async def _answer_validation_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [field_error(one) for one in error.errors()[:MOST_FIELD_ERRORS]]
    return problem_response(InvalidRequest(errors=errors))


def field_error(error: Mapping[str, Any]) -> FieldError:
    """Say where and what, and leave out the value: it may be a password."""
    location, *path = error["loc"]
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
    if error["type"] == "json_invalid":
        return FieldError(
            location="body", pointer="", code="json_invalid", detail=f"Not valid JSON: {error['ctx']['error']}"
        )
    detail = error["msg"].removeprefix("Value error, ")  # how pydantic begins what a validator of ours says
    return FieldError(location=str(location), pointer=pointer, code=error["type"], detail=detail)
