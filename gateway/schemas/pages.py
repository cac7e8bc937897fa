"""Requests to the content service, and the fields that are read of its answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from chassis.core.types import AnyJson, Read

Status = Literal["DRAFT", "PUBLISHED", "ARCHIVED"]
_OWN_SEGMENT = "^[^/]*[^/.][^/]*$"
"""A part of an address of its own: without slashes, and neither empty nor dots alone."""


class PageId(BaseModel):
    """The id of a page."""

    id: Annotated[str, Field(max_length=200, pattern=_OWN_SEGMENT)]


class PageSlug(BaseModel):
    """The name of a page in addresses."""

    slug: Annotated[str, Field(max_length=500, pattern=_OWN_SEGMENT)]


class PageSummary(Read):
    """A page without its text and metadata."""

    id: str = Field(examples=["tz4a98xxat96iws9zmbrgj3a"])
    slug: str = Field(examples=["about-us"])
    title: str = Field(examples=["About us"])
    status: Status
    tags: list[str] = Field(examples=[["company"]])
    author_id: UUID | None
    section_id: str | None = Field(examples=[None])
    published_at: datetime | None
    created_at: datetime
    updated_at: datetime


class PageRead(PageSummary):
    """A page."""

    body: str = Field(examples=["# About us"])
    metadata: AnyJson = Field(examples=[{"layout": "wide"}])
