"""
The views of schema ``public``, which is not ours. Generated: never edit this file.

`make view-models SERVICE=content` writes it from content/schema/schema.sql, or from the database that DATABASE_URL names.
"""

import datetime

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from chassis.postgres.times import UtcTimestamp
from content.orm.tables import Base


class PublishedPage(Base):
    """A row of ``PublishedPage``."""

    __tablename__ = "PublishedPage"
    __table_args__ = {"schema": "public"}

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    slug: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(Text()))
    section_id: Mapped[str | None] = mapped_column("sectionId", Text)
    published_at: Mapped[datetime.datetime | None] = mapped_column("publishedAt", UtcTimestamp)
