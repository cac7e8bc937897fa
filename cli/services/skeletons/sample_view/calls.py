"""Calls of the sample view service."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from chassis.core.types import Page
from chassis.dispatch.call import Call


class Profile(BaseModel):
    """The fields that are read of an account."""

    id: UUID
    username: str


class Login(BaseModel):
    """The fields that are read of a login."""

    created_at: datetime


READ_PROFILE = Call("user", "GET", "/api/v1/users/profile", returns=Profile)
LIST_LOGINS = Call("user", "GET", "/api/v1/users/sessions", returns=Page[Login], query=("limit",))

CALLS = (READ_PROFILE, LIST_LOGINS)
"""All calls of the service."""
