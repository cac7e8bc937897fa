"""What the dashboard asks the user service, and what its refusals mean here."""

from collections.abc import Iterator
from contextlib import contextmanager

from analytics.calls import LOGIN, LOGOUT, PROFILE, REFRESH, Credentials, Person, RefreshToken, Tokens
from analytics.dashboard.schemas import Login
from chassis.core.errors import AppError, Forbidden, ServiceUnavailable, TooManyRequests, Unauthenticated
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError, RemoteUnavailable

ROLES = frozenset({"admin", "analyst"})
"""Who may look at the dashboard."""


class WrongCredentials(Unauthenticated):
    """The user service knows no active account with this name and password."""

    code = "invalid_credentials"
    message = "Username or password is wrong."


class SessionEnded(Unauthenticated):
    """The session behind the cookie is over."""

    code = "session_ended"
    message = "Your session has ended: log in again."


class SessionNotEnded(ServiceUnavailable):
    """The browser has forgotten a session that the user service could not be asked to end."""

    code = "session_not_ended"
    message = (
        "You are logged out here, but the session could not be ended at the user service: "
        "end it there when it can be reached again, or it ends by itself after 30 days."
    )


class NotForYou(Forbidden):
    """A good password, but of somebody who may not look."""

    code = "not_an_analyst"
    message = "This needs the role 'analyst' or 'admin'."


class TooManyLogins(TooManyRequests):
    """Tried too often; Retry-After says when the next attempt is taken."""

    code = "too_many_attempts"
    message = "Too many attempts. Try again later."


async def log_in(dispatcher: Dispatcher, login: Login, address: str | None) -> Tokens:
    """
    Begin a session.

    Args:
        address: Where the person is, for throttling: all people share ours.

    Raises:
        WrongCredentials: They are wrong (401).
        TooManyLogins: On this account or from this address (429).
    """
    credentials = Credentials(username=login.username, password=login.password)
    try:
        with _meaning(WrongCredentials, "invalid_credentials"):
            return await dispatcher.call(LOGIN, credentials, client_address=address)
    except RemoteUnavailable as error:
        if error.remote_code != TooManyLogins.code:
            raise
        retry_after = {name: value for name, value in error.headers.items() if name == "Retry-After"}
        raise TooManyLogins(error.problem.get("detail"), headers=retry_after) from error


async def refresh(dispatcher: Dispatcher, refresh_token: str, address: str | None) -> Tokens:
    """
    Get the next tokens. Safe to repeat: within 30 s the same token gives the same successor.

    Raises:
        SessionEnded: The token is worth nothing any more (401).
    """
    with _meaning(SessionEnded, "invalid_refresh_token"):
        return await dispatcher.call(REFRESH, RefreshToken(refresh_token=refresh_token), client_address=address)


async def log_out(dispatcher: Dispatcher, access_token: str, address: str | None) -> None:
    """End the session of an access token; one that has ended already is left so."""
    try:
        await dispatcher.call(LOGOUT, bearer=access_token, client_address=address)
    except RemoteError as error:
        if error.remote_code not in {"invalid_token", "session_not_found"}:
            raise


async def analyst_of(dispatcher: Dispatcher, tokens: Tokens) -> Person:
    """
    Say whose tokens these are.

    Raises:
        SessionEnded: Their session ended meanwhile (401).
        NotForYou: Not those of an analyst (403).
    """
    with _meaning(SessionEnded, "invalid_token", "user_not_found"):
        person = await dispatcher.call(PROFILE, bearer=tokens.access_token)
    if person.role not in ROLES:
        raise NotForYou
    return person


@contextmanager
def _meaning(error: type[AppError], *remote_codes: str) -> Iterator[None]:
    """Raise *error* where the user service refuses with one of these codes; any other refusal stays what it is."""
    try:
        yield
    except RemoteError as refusal:
        if refusal.remote_code not in remote_codes:
            raise
        raise error from refusal
