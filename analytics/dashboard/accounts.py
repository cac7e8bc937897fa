"""The dashboard's calls to the user service, and the meaning of its refusals here."""

from collections.abc import Iterator
from contextlib import contextmanager

from analytics.calls import LOGIN, LOGOUT, PROFILE, REFRESH, Credentials, Person, RefreshToken, Tokens
from analytics.dashboard.schemas import Login
from chassis.core.errors import AppError, Forbidden, ServiceUnavailable, TooManyRequests, Unauthenticated
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError, RemoteUnavailable
from chassis.web.origin import Origin

ROLES = frozenset({"admin", "analyst"})
"""The roles that may use the dashboard."""


class WrongCredentials(Unauthenticated):
    """The user service has no active account with this name and password (401)."""

    code = "invalid_credentials"
    message = "Username or password is wrong."


class SessionEnded(Unauthenticated):
    """The session of the cookie has ended (401)."""

    code = "session_ended"
    message = "Your session has ended: log in again."


class SessionNotEnded(ServiceUnavailable):
    """The cookie is deleted, but the user service could not be reached to end the session (503)."""

    code = "session_not_ended"
    message = (
        "You are logged out here, but the session could not be ended at the user service: "
        "end it there when it can be reached again; otherwise it expires after 30 days."
    )


class NotForYou(Forbidden):
    """The password is right, but the person has neither role (403)."""

    code = "not_an_analyst"
    message = (
        "Your password is right, but your account does not have the role 'analyst' or 'admin'. An admin can grant it "
        'at the user service: PATCH /api/v1/users/{id} with {"role": "analyst"}.'
    )

    def __init__(self, person: Person) -> None:
        super().__init__(self.message.replace("{id}", str(person.id)))


class TooManyLogins(TooManyRequests):
    """There were too many attempts; Retry-After has the time of the next one (429)."""

    code = "too_many_attempts"
    message = "Too many attempts. Try again later."


async def log_in(dispatcher: Dispatcher, login: Login, origin: Origin) -> Tokens:
    """
    Begin a session.

    Args:
        origin: That of the person, for throttling and the list of sessions: all people share ours.

    Raises:
        WrongCredentials: Name or password are wrong (401).
        TooManyLogins: There are too many on this account or from this address (429).
    """
    credentials = Credentials(username=login.username, password=login.password)
    try:
        with _meaning(WrongCredentials, "invalid_credentials"):
            return await dispatcher.call(
                LOGIN, credentials, client_address=origin.address, user_agent=origin.user_agent
            )
    except RemoteUnavailable as error:
        if error.remote_code != TooManyLogins.code:
            raise
        retry_after = {name: value for name, value in error.headers.items() if name == "Retry-After"}
        raise TooManyLogins(error.problem.get("detail"), headers=retry_after) from error


async def refresh(dispatcher: Dispatcher, refresh_token: str, origin: Origin) -> Tokens:
    """
    Get the next tokens. It may be repeated: within 30 s the same token returns the same successor.

    Raises:
        SessionEnded: The token is not valid any more (401).
    """
    with _meaning(SessionEnded, "invalid_refresh_token"):
        return await dispatcher.call(
            REFRESH,
            RefreshToken(refresh_token=refresh_token),
            client_address=origin.address,
            user_agent=origin.user_agent,
        )


async def log_out(dispatcher: Dispatcher, access_token: str, origin: Origin) -> None:
    """End the session of an access token, unless it has already ended."""
    try:
        await dispatcher.call(LOGOUT, bearer=access_token, client_address=origin.address, user_agent=origin.user_agent)
    except RemoteError as error:
        if error.remote_code not in {"invalid_token", "session_not_found"}:
            raise


async def analyst_of(dispatcher: Dispatcher, tokens: Tokens) -> Person:
    """
    Return the person of these tokens.

    Raises:
        SessionEnded: The session has ended in the meantime (401).
        NotForYou: The person is neither analyst nor admin (403).
    """
    with _meaning(SessionEnded, "invalid_token", "user_not_found"):
        person = await dispatcher.call(PROFILE, bearer=tokens.access_token)
    if person.role not in ROLES:
        raise NotForYou(person)
    return person


@contextmanager
def _meaning(error: type[AppError], *remote_codes: str) -> Iterator[None]:
    """Raise *error* if the user service refuses with one of these codes; other refusals are passed on."""
    try:
        yield
    except RemoteError as refusal:
        if refusal.remote_code not in remote_codes:
            raise
        raise error from refusal
