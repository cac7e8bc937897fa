"""What the user service takes and gives."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, EmailStr, Field, SecretStr, StringConstraints

from chassis.schemas import Body, Read

_NAME = r"^[\w.-]+$"


def _usable_password(password: SecretStr) -> SecretStr:
    if not 12 <= len(password.get_secret_value()) <= 128:  # noqa: PLR2004
        msg = "must have 12 to 128 characters"
        raise ValueError(msg)
    return password


Username = Annotated[str, StringConstraints(min_length=3, max_length=64, pattern=_NAME), Field(examples=["ada"])]
Password = Annotated[SecretStr, AfterValidator(_usable_password), Field(examples=["correct horse battery"])]


class UserCreate(Body):
    """A new account."""

    username: Username
    email: Annotated[EmailStr, Field(max_length=254, examples=["ada@example.org"])]
    password: Password


class UserRead(Read):
    """An account, without its secrets."""

    id: UUID
    username: str = Field(examples=["ada"])
    email: str = Field(examples=["ada@example.org"])
    role: str = Field(examples=["user"])
    created_at: datetime


class Credentials(Body):
    """A name (or e-mail address) and its password."""

    username: Annotated[str, Field(min_length=1, max_length=320, examples=["ada"])]
    password: Annotated[SecretStr, Field(max_length=1024, examples=["correct horse battery"])]


class Token(BaseModel):
    """An access token (RFC 6749, 5.1)."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a type's name
    expires_in: int = Field(description="Seconds.", examples=[900])


class UserCount(BaseModel):
    """How many accounts there are."""

    count: int = Field(examples=[42])


class Activity(BaseModel):
    """What analytics knows of one person."""

    total: int = Field(examples=[3])
    by_type: dict[str, int] = Field(examples=[{"user.registered": 1, "order.confirmed": 2}])
