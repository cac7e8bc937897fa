"""Calls of the sample record service."""

from uuid import UUID

from pydantic import BaseModel

from chassis.dispatch.call import Call


class Person(BaseModel):
    """The fields that are read of an account."""

    id: UUID
    username: str


READ_PERSON = Call("user", "GET", "/api/v1/users/{user_id}", returns=Person)

CALLS = (READ_PERSON,)
"""All calls of the service."""
