"""Requests and answers of the sample document service."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from chassis.core.types import VISIBLE_LINE, VISIBLE_TEXT, Body, Id, Read

_Line = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), VISIBLE_LINE]
Name = Annotated[_Line, Field(examples=["First"])]
Note = Annotated[str, StringConstraints(max_length=5000), VISIBLE_TEXT, Field(examples=["Worth keeping."])]


class SampleDocumentCreate(Body):
    """A new sample document. Its id makes the request repeatable."""

    id: Annotated[Id, Field(description="A new UUID, preferably of version 7: lists are in the order of the ids.")]
    name: Name
    note: Note = ""


class SampleDocumentUpdate(Body):
    """Changes to a sample document; missing fields stay as they are."""

    name: Name | None = None
    note: Note | None = None
    archived: bool | None = None


class SampleDocumentFilter(BaseModel):
    """The filter of a list."""

    archived: bool | None = Field(None, description="Only those that are archived, or only those that are not.")


class SampleDocumentRead(Read):
    """A sample document."""

    id: UUID = Field(validation_alias="_id")
    name: str = Field(examples=["First"])
    note: str = Field(examples=["Worth keeping."])
    archived: bool
    created_at: datetime
    updated_at: datetime


class OwnerRead(Read):
    """The person who owns a sample document."""

    id: UUID
    username: str = Field(examples=["ada"])
