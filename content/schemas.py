"""Requests and answers of the content service."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from chassis.core.types import VISIBLE_LINE, AnyJson, Body, Read
from content.metadata import check_metadata
from content.orm.tables import PageStatus

MOST_TEXT = 200_000
"""In characters."""
MOST_TAGS = 20

PageId = Annotated[str, Path(max_length=200, examples=["tz4a98xxat96iws9zmbrgj3a"])]
AnySlug = Annotated[str, Path(max_length=500, examples=["about-us"])]
"""A slug in an address: other writers may have other rules."""
Slug = Annotated[
    str,
    Field(
        max_length=200,
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        description="Its name in addresses: lower-case letters, digits and single hyphens.",
        examples=["about-us"],
    ),
]
Title = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, strip_whitespace=True),
    VISIBLE_LINE,
    Field(examples=["About us"]),
]
Text = Annotated[
    str,
    Field(
        max_length=MOST_TEXT,
        description="Stored as it is, and never rendered. A whole request has at most 256 KiB.",
        examples=["# About us"],
    ),
]
Status = Annotated[PageStatus, Field(strict=False, examples=["DRAFT"])]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=50, strip_whitespace=True), VISIBLE_LINE]


def _each_once(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


Tags = Annotated[list[Tag], Field(max_length=MOST_TAGS, examples=[["company"]]), AfterValidator(_each_once)]
Metadata = Annotated[
    dict[str, Any],
    AfterValidator(check_metadata),
    Field(description="Any JSON object of up to 16 KiB and 8 levels.", examples=[{"layout": "wide"}]),
]
SectionId = Annotated[str | None, Field(max_length=200, examples=[None])]


class PageWrite(Body):
    """A whole page; missing fields get their defaults."""

    slug: Slug
    title: Title
    body: Text = ""
    status: Status = PageStatus.DRAFT
    tags: Tags = Field([])
    metadata: Metadata = Field({})
    section_id: SectionId = None


def _missing() -> Any:  # noqa: ANN401 - stands for no value of any type
    return None


class PageUpdate(Body):
    """Changes to a page; missing fields stay as they are, and only ``section_id`` may be null."""

    slug: Slug = Field(default_factory=_missing)
    title: Title = Field(default_factory=_missing)
    body: Text = Field(default_factory=_missing)
    status: Status = Field(default_factory=_missing)
    tags: Tags = Field(default_factory=_missing)
    metadata: Metadata = Field(default_factory=_missing)
    section_id: SectionId = Field(default_factory=_missing)


class PageSummary(Read):
    """A page without its text and metadata, which may be large."""

    id: str = Field(examples=["tz4a98xxat96iws9zmbrgj3a"])
    slug: str = Field(examples=["about-us"])
    title: str = Field(examples=["About us"])
    status: PageStatus = Field(examples=["PUBLISHED"])
    tags: list[str] = Field(examples=[["company"]])
    author_id: UUID | None = Field(description="The editor who created it; null once the account is deleted.")
    section_id: str | None = Field(examples=[None])
    published_at: datetime | None = Field(description="The time of its first publication.")
    created_at: datetime
    updated_at: datetime


class PageRead(PageSummary):
    """A page."""

    body: str = Field(description="As it was sent; render it with care.", examples=["# About us"])
    metadata: AnyJson = Field(examples=[{"layout": "wide"}])


class Sort(StrEnum):
    """The sort orders of pages."""

    NEWEST = "newest"
    UPDATED = "updated"
    PUBLISHED = "published"
    TITLE = "title"


class Search(BaseModel):
    """The filter and sort order of a list of pages."""

    status: PageStatus = Field(PageStatus.PUBLISHED, description="Only editors list other pages than published ones.")
    tag: Annotated[str | None, Field(min_length=1, max_length=50, examples=["company"])] = None
    author_id: UUID | None = None
    q: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=100,
            description="Each of its words begins a word of the title or of the first 50,000 characters of the text.",
            examples=["about"],
        ),
    ] = None
    sort: Sort = Field(
        Sort.NEWEST,
        description="`published` leaves out pages that were never published; only `title` sorts in ascending order.",
    )
