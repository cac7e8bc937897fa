"""Requests to the user service, and the fields that are read of its answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, EmailStr, Field

from chassis.core.types import Read

Username = Annotated[str, Field(min_length=3, max_length=64, examples=["ada"])]
Email = Annotated[EmailStr, Field(max_length=254, examples=["ada@example.org"])]
Password = Annotated[str, Field(max_length=1024, repr=False)]
Role = Literal["user", "analyst", "editor", "admin"]


class Registration(BaseModel):
    """A new account, of a person who registers."""

    username: Username
    email: Email
    password: Password


class Credentials(BaseModel):
    """A name (or e-mail address) and its password."""

    username: Annotated[str, Field(min_length=1, max_length=320)]
    password: Password


class AccountAdded(BaseModel):
    """A new account, created by an admin; its owner gets a mail to choose a password."""

    username: Username
    email: Email
    role: Role


class AccountChange(BaseModel):
    """An admin's changes to an account; null leaves a field as it is."""

    username: Username | None
    email: Email | None
    role: Role | None
    is_active: bool | None


class Account(Read):
    """An account."""

    id: UUID
    username: str = Field(examples=["ada"])
    email: str = Field(examples=["ada@example.org"])
    email_verified_at: datetime | None
    role: Role
    is_active: bool
    created_at: datetime


class Tokens(BaseModel):
    """The tokens of a login."""

    access_token: str = Field(repr=False)
    expires_in: int
    refresh_token: str = Field(repr=False)


class Activity(BaseModel):
    """Counts of one person's events."""

    total: int = Field(examples=[3])
    by_type: dict[str, int] = Field(examples=[{"user.registered": 1}])
