"""Requests and answers, first written from the columns of ``sample_rows``."""

from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import Depends
from pydantic import Field

from chassis.core.types import AnyJson, Body, Id, Read
from chassis.postgres.values import MISSING, MOST_ITEMS, BigInt, Json, Number, Numeric, Text
from sample_row.orm import tables

Title = Annotated[str, Field(max_length=200)]
State = Annotated[tables.SampleRowState, Field(strict=False)]
Labels = Annotated[list[Text], Field(max_length=MOST_ITEMS)]
Price = Annotated[Numeric, Field(max_digits=9, decimal_places=2)]

KEY_PATH = "/{sample_row_id}"


class SampleRowKey(NamedTuple):
    """The primary key."""

    id: int


async def _key_in_path(sample_row_id: BigInt) -> SampleRowKey:
    return SampleRowKey(sample_row_id)


KeyInPath = Annotated[SampleRowKey, Depends(_key_in_path)]


class SampleRowCreate(Body):
    """A new one; missing fields get their defaults."""

    group_id: Id
    title: Title
    note: Text | None = None
    state: State = MISSING
    labels: Labels = MISSING
    details: Json = MISSING
    price: Price | None = None


class SampleRowUpdate(Body):
    """Changes; missing fields stay as they are."""

    group_id: Id = MISSING
    title: Title = MISSING
    note: Text | None = None
    state: State = MISSING
    labels: Labels = MISSING
    details: Json = MISSING
    price: Price | None = None


class SampleRowRead(Read):
    """A row."""

    id: int
    group_id: UUID
    title: str
    note: str | None
    state: tables.SampleRowState
    labels: list[str | None] | list[list[AnyJson]]
    details: AnyJson
    price: Number | None
    created_at: datetime
    updated_at: datetime
