"""Calls of the analytics service, for its dashboard."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, PlainSerializer, SecretStr, StringConstraints

from chassis.dispatch.call import Call

Password = Annotated[
    SecretStr, Field(max_length=1024), PlainSerializer(SecretStr.get_secret_value, return_type=str, when_used="json")
]
"""A secret that is written out only in the body of the call."""


class Credentials(BaseModel):
    """A name (or e-mail address) and its password."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=320)]
    password: Password


class RefreshToken(BaseModel):
    """The token that continues a session."""

    refresh_token: Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Tokens(BaseModel):
    """The tokens of a session until its next refresh."""

    access_token: str
    expires_in: int
    refresh_token: str


class Person(BaseModel):
    """The person who is logged in."""

    id: UUID
    username: str
    role: str


class UserCount(BaseModel):
    """The number of accounts."""

    count: int


LOGIN = Call("user", "POST", "/api/v1/users/login", sends=Credentials, returns=Tokens, slow_s=None, at_once=4)
"""Checking passwords is slow, so the duration does not count for the breaker. Few at a time, because other people's
calls need connections too."""
REFRESH = Call("user", "POST", "/api/v1/users/refresh", sends=RefreshToken, returns=Tokens, idempotency="repeatable")
"""Within 30 s the same token returns the same successor."""
LOGOUT = Call("user", "POST", "/api/v1/users/logout", idempotency="repeatable")
PROFILE = Call("user", "GET", "/api/v1/users/profile", returns=Person)
COUNT_USERS = Call("user", "GET", "/api/v1/users/stats/count", returns=UserCount, sealed=False, timeout_s=2.0)

CALLS = (LOGIN, REFRESH, LOGOUT, PROFILE, COUNT_USERS)
"""All calls of the service."""
