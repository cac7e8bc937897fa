"""Errors of the user service."""

from chassis.core.errors import BadRequest, Conflict, Forbidden, NotFound, TooManyRequests, Unauthenticated


class UsernameTaken(Conflict):
    """An account with this name, or with one that looks like it, exists (409)."""

    code = "username_taken"
    message = "This username, or one that looks like it, is already registered."


class EmailTaken(Conflict):
    """An account with this address exists (409)."""

    code = "email_taken"
    message = "This email address is already registered."


class LastAdmin(Conflict):
    """No admin would remain (409)."""

    code = "last_admin"
    message = "This is the last active admin: make another account an admin first."


class InvalidCredentials(Unauthenticated):
    """No active account has this name and password; the answer does not reveal which is wrong (401)."""

    code = "invalid_credentials"
    message = "Username or password is wrong."


class WrongPassword(Forbidden):
    """The password does not prove that the person owns the account (403)."""

    code = "wrong_password"
    message = "The current password is wrong."


class InvalidRefreshToken(Unauthenticated):
    """The refresh token is unknown, spent, expired or revoked; the answer does not reveal which (401)."""

    code = "invalid_refresh_token"
    message = "This refresh token is not valid any more: log in again."


class InvalidEmailToken(BadRequest):
    """The token from a mail is unknown, used or expired (400)."""

    code = "invalid_email_token"
    message = "This token is not valid any more: request a new mail."


class TooManyAttempts(TooManyRequests):
    """There were too many attempts; Retry-After has the time of the next one (429)."""

    code = "too_many_attempts"
    message = "Too many attempts. Try again later."


class UserNotFound(NotFound):
    """No account has this id, or it is deleted (404)."""

    code = "user_not_found"
    message = "There is no such user."


class SessionNotFound(NotFound):
    """The person has no session with this id, or it has ended (404)."""

    code = "session_not_found"
    message = "You have no such session."


class NoIssuerAddress(NotFound):
    """JWT_ISSUER is a name, not an address (404)."""

    code = "no_issuer_address"
    message = "There is no metadata: JWT_ISSUER is not the address at which people reach this service (.env.example)."
