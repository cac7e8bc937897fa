"""
Errors: plain exceptions with a status and a code.

A service subclasses the appropriate kind and names the fact; no other code writes error responses (``problems.py``).
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import BaseModel, Field


class FieldError(BaseModel):
    """One invalid value: its place and what to change."""

    location: str = Field(examples=["body"])
    pointer: str = Field(description="JSON pointer (RFC 6901) within the location.", examples=["/quantity"])
    code: str = Field(examples=["greater_than"])
    detail: str = Field(examples=["Input should be greater than 0"])


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
        errors: Sequence[FieldError] = (),
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


class SchemaChanged(ServiceUnavailable):
    """The tables of another owner are no longer those that the service was built for (503)."""

    code = "schema_changed"
    message = "The database's tables have changed, and this service does not know them yet; try again later."

    def __init__(self, differences: Sequence[str]) -> None:
        super().__init__(headers={"Retry-After": "5"})
        self.differences = differences


class DeadlineExceeded(AppError):
    """The request's deadline has passed (504)."""

    status = 504
    code = "deadline_exceeded"
    message = "There was no answer in time."
