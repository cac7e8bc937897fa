"""Answers to errors: RFC 9457 problem documents, written in one place."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chassis.core import context as request_context
from chassis.core import json as strict_json
from chassis.core.errors import (
    AppError,
    BadRequest,
    FieldError,
    Forbidden,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    Unauthenticated,
    UnsupportedMediaType,
)

log = structlog.get_logger(__name__)

PROBLEM_JSON = "application/problem+json"
MOST_FIELD_ERRORS = 50
"""The largest number of invalid values in an answer."""


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
    if any(one["loc"] == ("body",) and isinstance(one.get("input"), bytes) for one in error.errors()):
        return problem_response(UnsupportedMediaType("Send JSON with the header Content-Type: application/json."))
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
