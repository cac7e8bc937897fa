"""What can be wrong with a request to the user service."""

from chassis.core.errors import BadRequest, Conflict, Forbidden, NotFound, TooManyRequests, Unauthenticated


class UsernameTaken(Conflict):
    """An account with this name, or with one that looks like it, already exists."""

    code = "username_taken"
    message = "This username, or one that looks like it, is already registered."


class EmailTaken(Conflict):
    """An account with this address already exists."""

    code = "email_taken"
    message = "This email address is already registered."


class LastAdmin(Conflict):
    """Nobody would be left to administer the accounts."""

    code = "last_admin"
    message = "This is the last active admin: make another account an admin first."


class InvalidCredentials(Unauthenticated):
    """No active account has this name and password; which of them is wrong is not said."""

    code = "invalid_credentials"
    message = "Username or password is wrong."


class WrongPassword(Forbidden):
    """Who is logged in did not prove to be the owner of the account."""

    code = "wrong_password"
    message = "The current password is wrong."


class InvalidRefreshToken(Unauthenticated):
    """The refresh token is unknown, spent, expired or revoked; which of them is not said."""

    code = "invalid_refresh_token"
    message = "This refresh token is not valid any more: log in again."


class InvalidEmailToken(BadRequest):
    """The token from a mail is unknown, used or expired."""

    code = "invalid_email_token"
    message = "This token is not valid any more: ask for a new mail."


class TooManyAttempts(TooManyRequests):
    """Tried too often; Retry-After says when the next attempt is taken."""

    code = "too_many_attempts"
    message = "Too many attempts. Try again later."


class UserNotFound(NotFound):
    """No account has this id, or it is deleted."""

    code = "user_not_found"
    message = "There is no such user."


class SessionNotFound(NotFound):
    """No session of one's own has this id, or it has ended."""

    code = "session_not_found"
    message = "You have no such session."
