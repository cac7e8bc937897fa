"""Requests and answers of the sample record service."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from chassis.core.types import VISIBLE_LINE, VISIBLE_TEXT, Body, Read

_Line = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), VISIBLE_LINE]
Name = Annotated[_Line, Field(examples=["First"])]
Note = Annotated[str, StringConstraints(max_length=5000), VISIBLE_TEXT, Field(examples=["Worth keeping."])]


class SampleRecordCreate(Body):
    """A new sample record."""

    name: Name
    note: Note = ""


class SampleRecordUpdate(Body):
    """Changes to a sample record; missing fields stay as they are."""

    name: Name | None = None
    note: Note | None = None
    archived: bool | None = None


class SampleRecordFilter(BaseModel):
    """The filter of a list."""

    archived: bool | None = Field(None, description="Only those that are archived, or only those that are not.")


class SampleRecordRead(Read):
    """A sample record."""

    id: UUID
    name: str = Field(examples=["First"])
    note: str = Field(examples=["Worth keeping."])
    archived: bool
    created_at: datetime
    updated_at: datetime


class OwnerRead(Read):
    """The person who owns a sample record."""

    id: UUID
    username: str = Field(examples=["ada"])
