"""What the schemas of all services have in common."""

from typing import Annotated, Generic, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

T = TypeVar("T")

Id = Annotated[UUID, Field(strict=False, examples=["0193b5a2-c7f0-7d5e-8a1b-3c4d5e6f7081"])]
"""An id in a request body; JSON has it as text, which is as strict as it gets."""
Moment = Annotated[AwareDatetime, Field(strict=False, examples=["2026-11-21T14:30:00Z"])]
"""A time in a request body: RFC 3339 with its offset."""


class Body(BaseModel):
    """A request body: strict types (true is not 1), unknown fields refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Read(BaseModel):
    """A response body, read from a database row or a mapping."""

    model_config = ConfigDict(from_attributes=True)


class Page(Read, Generic[T]):
    """A page of a list."""

    items: list[T]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last one.")
