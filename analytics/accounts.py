"""What the dashboard asks the user service, and what its refusals mean here."""

from pydantic import BaseModel

from analytics.schemas.dashboard import Login
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.failures import Refusal, RemoteError
from chassis.errors import Forbidden, ServiceUnavailable, TooManyRequests, Unauthenticated
from chassis.ids import new_id

_USERS = "/api/v1/users"
_TOO_MANY = 429
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
        answer = await dispatcher.post("user", f"{_USERS}/login", json=body, client_address=address)
    except RemoteError as error:
        raise WrongCredentials from error
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
    try:
        answer = await dispatcher.post(
            "user", f"{_USERS}/refresh", json=body, idempotency_key=key, client_address=address
        )
    except RemoteError as error:
        raise SessionEnded from error
    return Tokens.model_validate(answer)


async def log_out(dispatcher: Dispatcher, access_token: str, address: str | None) -> None:
    """End the session of an access token; one that has ended already is left so."""
    try:
        await dispatcher.post(
            "user", f"{_USERS}/logout", bearer=access_token, idempotency_key=new_id().hex, client_address=address
        )
    except RemoteError as error:
        if error.remote_status not in {Unauthenticated.status, 404}:
            raise


async def analyst_of(dispatcher: Dispatcher, tokens: Tokens, address: str | None) -> Person:
    """
    Say whose tokens these are.

    Raises:
        NotForYou: Not those of an analyst; their session is ended, for nobody will hold them (403).
    """
    person = Person.model_validate(await dispatcher.get("user", f"{_USERS}/profile", bearer=tokens.access_token))
    if person.role not in ROLES:
        await log_out(dispatcher, tokens.access_token, address)
        raise NotForYou
    return person


def _throttled(error: ServiceUnavailable) -> TooManyLogins | None:
    """Tell people that they tried too often, where between services it is said that one cannot answer now."""
    refusal = error.__cause__
    if not isinstance(refusal, Refusal) or refusal.answer.status != _TOO_MANY:
        return None
    retry_after = error.headers.get("Retry-After")
    return TooManyLogins(refusal.problem.get("detail"), headers={"Retry-After": retry_after} if retry_after else None)
