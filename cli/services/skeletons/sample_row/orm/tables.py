"""
The tables of schema ``public``, which is not ours. Generated: never edit this file.

`make models SERVICE=sample_row` writes it from sample_row/schema/schema.sql, or from the database that DATABASE_URL names.
"""

import datetime
import decimal
import uuid
from enum import StrEnum

from pydantic import JsonValue
from sqlalchemy import (
    BigInteger,
    DateTime,
    Enum,
    FetchedValue,
    ForeignKeyConstraint,
    Identity,
    Numeric,
    String,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """A row in schema ``public``."""


class SampleRowState(StrEnum):
    """A value of ``sample_row_state``."""

    OPEN = "open"
    DONE = "done"


class SampleRowGroups(Base):
    """A row of ``sample_row_groups``."""

    __tablename__ = "sample_row_groups"
    __table_args__ = {"schema": "public"}

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, server_default=FetchedValue())
    name: Mapped[str] = mapped_column(Text, nullable=False)


class SampleRows(Base):
    """A row of ``sample_rows``."""

    __tablename__ = "sample_rows"
    __table_args__ = (
        ForeignKeyConstraint(["group_id"], ["public.sample_row_groups.id"], name="sample_rows_group_id_fkey"),
        {"schema": "public"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, autoincrement=True)
    group_id: Mapped[uuid.UUID] = mapped_column(Uuid, nullable=False)
    title: Mapped[str] = mapped_column(String(200), nullable=False)
    note: Mapped[str | None] = mapped_column(Text)
    state: Mapped[SampleRowState] = mapped_column(
        Enum(
            SampleRowState,
            values_callable=lambda cls: [member.value for member in cls],
            name="sample_row_state",
            schema="public",
        ),
        nullable=False,
        server_default=FetchedValue(),
    )
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text()), nullable=False, server_default=FetchedValue())
    details: Mapped[JsonValue] = mapped_column(JSONB, nullable=False, server_default=FetchedValue())
    price: Mapped[decimal.Decimal | None] = mapped_column(Numeric(9, 2))
    created_at: Mapped[datetime.datetime] = mapped_column(DateTime(True), nullable=False, server_default=FetchedValue())
    updated_at: Mapped[datetime.datetime] = mapped_column(DateTime(True), nullable=False, server_default=FetchedValue())
