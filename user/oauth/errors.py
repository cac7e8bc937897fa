"""Errors for OAuth 2 clients, in the form of RFC 6749, section 5.2; their codes are those of the RFC."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from chassis.core.errors import AppError, FieldError

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""For answers about tokens (RFC 6749, 5.1)."""


class OAuthError(AppError):
    """A refusal that OAuth 2 clients understand (400)."""

    status: ClassVar[int] = 400
    oauth: ClassVar[bool] = True

    def __init__(
        self, message: str | None = None, *, headers: Mapping[str, str] | None = None, errors: Sequence[FieldError] = ()
    ) -> None:
        super().__init__(message, headers={**NO_STORE, **(headers or {})}, errors=errors)


class InvalidOAuthRequest(OAuthError):
    """A parameter is missing, malformed, or occurs twice (400)."""

    code = "invalid_request"
    message = "A parameter is missing, malformed, or occurs twice."


class InvalidGrant(OAuthError):
    """Name, password or refresh token are wrong; the answer does not reveal which (400)."""

    code = "invalid_grant"
    message = "The username, the password or the refresh token is wrong, or not valid any more."


class UnsupportedGrantType(OAuthError):
    """The grant type is another one (400)."""

    code = "unsupported_grant_type"
    message = "The grant types are 'password' and 'refresh_token'. Programs have no tokens: they seal their calls."


class InvalidScope(OAuthError):
    """There are no scopes (400)."""

    code = "invalid_scope"
    message = "There are no scopes: a token has the rights of its person's role. Send no scope."


class InvalidClient(OAuthError):
    """The client has sent a secret (401)."""

    status = 401
    code = "invalid_client"
    message = "No client has a secret here: send none, or an empty one."

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Basic realm="oauth"'})


class SlowDown(OAuthError):
    """There were too many attempts; Retry-After has the time of the next one (429)."""

    status = 429
    code = "too_many_attempts"
    message = "Too many attempts. Try again later."
