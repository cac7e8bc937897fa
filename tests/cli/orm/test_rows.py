"""Rows that are made up."""

from decimal import Decimal
from typing import Any, cast

import pytest
from sqlalchemy import CHAR, Boolean, Column, FetchedValue, ForeignKey, Integer, MetaData, Numeric, String, Table, Text
from sqlalchemy.dialects.postgresql import INT4RANGE
from sqlalchemy.ext.asyncio import AsyncSession

from cli.errors import CommandError
from cli.orm.rows import make_up

NO_SESSION = cast(AsyncSession, None)
"""Nothing is inserted for a table that refers to no other."""


def table(*columns: Column[Any]) -> Table:
    """Return a table with a key that PostgreSQL makes."""
    return Table("book", MetaData(), Column("id", Integer, server_default=FetchedValue(), primary_key=True), *columns)


async def test_what_must_be_filled_is() -> None:
    """Each value fits into its column; columns that may be null or have a default are left out, unless wanted."""
    book = table(
        Column("title", Text, nullable=False),
        Column("code", String(3), nullable=False),
        Column("country", CHAR(8), nullable=False),
        Column("price", Numeric(3, 2), nullable=False),
        Column("sold", Boolean, nullable=False, server_default=FetchedValue()),
        Column("note", Text),
    )

    assert await make_up(NO_SESSION, book, 17, {}, ["sold"]) == {
        "title": "made17",
        "code": "e17",
        "country": "made17xx",
        "price": Decimal(7),
        "sold": True,
    }


async def test_a_sample_is_a_value_or_a_function_of_the_number() -> None:
    """It is used although the column could be left out."""
    book = table(Column("isbn", Text, nullable=False), Column("note", Text))
    sample = {"book.isbn": lambda number: f"978-{number}", "book.note": "x", "other.isbn": "y"}

    assert await make_up(NO_SESSION, book, 4, sample) == {"isbn": "978-4", "note": "x"}


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (Column("pages", INT4RANGE, nullable=False), "A value of type .* cannot be made up"),
        (Column("series", Integer, ForeignKey("book.id"), nullable=False), "book needs another row of book first"),
    ],
    ids=["type", "reference"],
)
async def test_what_cannot_be_made_up_is_named(column: Column[Any], reason: str) -> None:
    """The message says where to write a value."""
    with pytest.raises(CommandError, match=rf'{reason}.* Write a value of "book\.{column.name}" into SAMPLE'):
        await make_up(NO_SESSION, table(column), 1, {})
