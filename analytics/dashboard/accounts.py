"""What the dashboard asks the user service, and what its refusals mean here."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import BaseModel

from analytics.dashboard.schemas import Login
from chassis.core.errors import AppError, Forbidden, ServiceUnavailable, TooManyRequests, Unauthenticated
from chassis.core.ids import new_id
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import Refusal, RemoteError

_USERS = "/api/v1/users"
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


class Tokens(BaseModel):
    """What a session is worth until it is refreshed."""

    access_token: str
    expires_in: int
    refresh_token: str


class Person(BaseModel):
    """Who is logged in."""

    username: str
    role: str


async def log_in(dispatcher: Dispatcher, login: Login, address: str | None) -> Tokens:
    """
    Begin a session.

    Args:
        address: Where the person is, for throttling: all people share ours.

    Raises:
        WrongCredentials: They are wrong (401).
        TooManyLogins: On this account or from this address (429).
    """
    body = {"username": login.username, "password": login.password.get_secret_value()}
    try:
        with _meaning(WrongCredentials, "invalid_credentials"):
            answer = await dispatcher.post("user", f"{_USERS}/login", json=body, client_address=address)
    except ServiceUnavailable as error:
        raise _throttled(error) or error from error.__cause__
    return Tokens.model_validate(answer)


async def refresh(dispatcher: Dispatcher, refresh_token: str, address: str | None) -> Tokens:
    """
    Get the next tokens. Safe to repeat: within 30 s the same token gives the same successor.

    Raises:
        SessionEnded: The token is worth nothing any more (401).
    """
    body, key = {"refresh_token": refresh_token}, new_id().hex
    with _meaning(SessionEnded, "invalid_refresh_token"):
        answer = await dispatcher.post(
            "user", f"{_USERS}/refresh", json=body, idempotency_key=key, client_address=address
        )
    return Tokens.model_validate(answer)


async def log_out(dispatcher: Dispatcher, access_token: str, address: str | None) -> None:
    """End the session of an access token; one that has ended already is left so."""
    try:
        await dispatcher.post(
            "user", f"{_USERS}/logout", bearer=access_token, idempotency_key=new_id().hex, client_address=address
        )
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
        answer = await dispatcher.get("user", f"{_USERS}/profile", bearer=tokens.access_token)
    person = Person.model_validate(answer)
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


def _throttled(error: ServiceUnavailable) -> TooManyLogins | None:
    """Tell people that they tried too often, where between services it is said that one cannot answer now."""
    refusal = error.__cause__
    if not isinstance(refusal, Refusal) or refusal.code != TooManyLogins.code:
        return None
    retry_after = error.headers.get("Retry-After")
    return TooManyLogins(refusal.problem.get("detail"), headers={"Retry-After": retry_after} if retry_after else None)
