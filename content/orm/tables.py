"""
The tables of schema ``public``, which is not ours. Generated: never edit this file.

`make models SERVICE=content` writes it from content/schema/schema.sql, or from the database that DATABASE_URL names.
"""

import datetime
import uuid
from enum import StrEnum

from pydantic import JsonValue
from sqlalchemy import Enum, FetchedValue, ForeignKeyConstraint, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.postgres.times import UtcTimestamp


class Base(DeclarativeBase):
    """A row in schema ``public``."""


class PageStatus(StrEnum):
    """A value of ``PageStatus``."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    ARCHIVED = "ARCHIVED"


class Page(Base):
    """A row of ``Page``."""

    __tablename__ = "Page"
    __table_args__ = (
        ForeignKeyConstraint(
            ["sectionId"], ["public.Section.id"], ondelete="SET NULL", onupdate="CASCADE", name="Page_sectionId_fkey"
        ),
        {"schema": "public"},
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    slug: Mapped[str] = mapped_column(Text, nullable=False)
    title: Mapped[str] = mapped_column(Text, nullable=False)
    body: Mapped[str] = mapped_column(Text, nullable=False)
    status: Mapped[PageStatus] = mapped_column(
        Enum(
            PageStatus, values_callable=lambda cls: [member.value for member in cls], name="PageStatus", schema="public"
        ),
        nullable=False,
        server_default=FetchedValue(),
    )
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(Text()), server_default=FetchedValue())
    metadata_: Mapped[JsonValue] = mapped_column("metadata", JSONB, nullable=False, server_default=FetchedValue())
    author_id: Mapped[uuid.UUID | None] = mapped_column("authorId", Uuid)
    section_id: Mapped[str | None] = mapped_column("sectionId", Text)
    published_at: Mapped[datetime.datetime | None] = mapped_column("publishedAt", UtcTimestamp)
    created_at: Mapped[datetime.datetime] = mapped_column(
        "createdAt", UtcTimestamp, nullable=False, server_default=FetchedValue()
    )
    updated_at: Mapped[datetime.datetime] = mapped_column("updatedAt", UtcTimestamp, nullable=False)


class Section(Base):
    """A row of ``Section``."""

    __tablename__ = "Section"
    __table_args__ = (
        ForeignKeyConstraint(
            ["parentId"], ["public.Section.id"], ondelete="SET NULL", onupdate="CASCADE", name="Section_parentId_fkey"
        ),
        {"schema": "public"},
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    slug: Mapped[str] = mapped_column(Text, nullable=False)
    title: Mapped[str] = mapped_column(Text, nullable=False)
    parent_id: Mapped[str | None] = mapped_column("parentId", Text)
