"""What the analytics service asks of others, for its dashboard."""

from typing import Annotated

from pydantic import BaseModel, Field, PlainSerializer, SecretStr, StringConstraints

from chassis.dispatch.call import Call

Password = Annotated[
    SecretStr, Field(max_length=1024), PlainSerializer(SecretStr.get_secret_value, return_type=str, when_used="json")
]
"""Written out only into the body that is sent."""


class Credentials(BaseModel):
    """A name (or e-mail address) and its password."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=320)]
    password: Password


class RefreshToken(BaseModel):
    """What continues a session."""

    refresh_token: Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Tokens(BaseModel):
    """What a session is worth until it is refreshed."""

    access_token: str
    expires_in: int
    refresh_token: str


class Person(BaseModel):
    """Who is logged in."""

    username: str
    role: str


class UserCount(BaseModel):
    """How many accounts there are."""

    count: int


LOGIN = Call("user", "POST", "/api/v1/users/login", sends=Credentials, returns=Tokens, slow_s=None, at_once=4)
"""Passwords are checked slowly: by how long that takes, the user service is not judged. A few at a time, for the calls
of other people need connections too."""
REFRESH = Call("user", "POST", "/api/v1/users/refresh", sends=RefreshToken, returns=Tokens, idempotency="repeatable")
"""Within 30 s the same token gives the same successor."""
LOGOUT = Call("user", "POST", "/api/v1/users/logout", idempotency="repeatable")
PROFILE = Call("user", "GET", "/api/v1/users/profile", returns=Person)
COUNT_USERS = Call("user", "GET", "/api/v1/users/stats/count", returns=UserCount, sealed=False, timeout_s=2.0)

CALLS = (LOGIN, REFRESH, LOGOUT, PROFILE, COUNT_USERS)
"""All that it calls."""
