"""
The columns of tables that belong to others: read from PostgreSQL's catalogue, and compared with an earlier reading.

``make orm`` stores a reading beside the models that it generates from it; ``bin/cli orm check`` and a running service
(chassis/postgres/reflected.py) compare it with their database's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

Filled = Literal["", "by default", "by identity", "by generation"]
"""What PostgreSQL writes into a column that a statement leaves out: nothing, or the value of one of these."""


class Column(BaseModel):
    """
    A column as PostgreSQL describes it.

    Attributes:
        type: Its type without the name of a schema, such as ``timestamp(3) without time zone`` or ``"Status"[]``.
        nullable: Whether it may be NULL; true for each column of a view, as PostgreSQL does not know better.
        filled: What PostgreSQL writes if a row is created without it.
        values: The values of its enum, or of the elements of its array; empty for other types.
    """

    model_config = ConfigDict(frozen=True)

    type: str
    nullable: bool
    filled: Filled = ""
    values: Annotated[tuple[str, ...], BeforeValidator(tuple)] = ()

    @property
    def is_required(self) -> bool:
        """Whether a row cannot be created without it."""
        return not self.nullable and not self.filled


Tables = Mapping[str, Mapping[str, Column]]
"""The columns of tables and views, by name."""


@dataclass(frozen=True, slots=True)
class SchemaColumns:
    """A reading of a schema, as ``make orm`` stores it: its name, and the columns of its tables and views."""

    schema: str
    tables: Tables


STORED: TypeAdapter[SchemaColumns] = TypeAdapter(SchemaColumns)
"""Its form in JSON."""


Effect = Literal["always", "sometimes", "never"]
"""Whether requests that use a place fail because of a difference there; sometimes: for some rows and values."""
EFFECTS: tuple[Effect, ...] = get_args(Effect)


@dataclass(frozen=True, slots=True)
class Difference:
    """
    A difference of a database from an earlier reading.

    Attributes:
        place: The table, or the table and the column, as in ``Page.title``.
        what: What is different there, as in ``the column is missing``.
        fails: Whether requests that use the place fail because of it.
    """

    place: str
    what: str
    fails: Effect = "always"

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


READ_COLUMNS: TextClause = text(r"""
    SELECT c.relname, a.attname, regexp_replace(format_type(a.atttypid, a.atttypmod), '^("[^"]+"|\w+)\.', ''),
        NOT a.attnotnull,
        CASE WHEN a.attgenerated <> '' THEN 'by generation' WHEN a.attidentity <> '' THEN 'by identity'
            WHEN a.atthasdef THEN 'by default' ELSE '' END,
        ARRAY(SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid IN (t.oid, t.typelem) ORDER BY e.enumsortorder)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_type t ON t.oid = a.atttypid
    WHERE n.nspname = :schema AND c.relname = ANY(:tables) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname, a.attnum
""")


async def read_columns(connection: AsyncConnection | AsyncSession, schema: str, names: Iterable[str]) -> Tables:
    """Return the columns of tables and views with these names; a table that is not there is left out."""
    tables: dict[str, dict[str, Column]] = {}
    for table, column, kind, nullable, filled, values in await connection.execute(
        READ_COLUMNS, {"schema": schema, "tables": list(names)}
    ):
        tables.setdefault(table, {})[column] = Column(type=kind, nullable=nullable, filled=filled, values=values)
    return tables


def compare(expected: Tables, found: Tables) -> Iterator[Difference]:
    """Yield what is different in the *found* tables, in the order of the expected ones."""
    for name, columns in expected.items():
        if name in found:
            yield from _compare_table(name, columns, found[name])
        else:
            yield Difference(name, "the table is missing")


def _compare_table(table: str, expected: Mapping[str, Column], found: Mapping[str, Column]) -> Iterator[Difference]:
    new = {name: column for name, column in found.items() if name not in expected}
    for name, column in expected.items():
        place = f"{table}.{name}"
        if name in found:
            yield from _compare_column(place, column, found[name])
        else:
            yield Difference(place, f"the column is missing{_renamed(column, new)}")
    for name, column in new.items():
        if column.is_required:
            what = "the column is new, required and without a default, so no row can be created without it"
            yield Difference(f"{table}.{name}", what)
        else:
            yield Difference(f"{table}.{name}", "the column is new", "never")


def _compare_column(place: str, expected: Column, found: Column) -> Iterator[Difference]:
    if found.type != expected.type:
        yield Difference(place, f"its type is {found.type}, no longer {expected.type}")
    elif found.values != expected.values:
        yield Difference(place, _values(expected.values, found.values), "sometimes")
    if found.nullable != expected.nullable:
        yield Difference(place, "it may be null" if found.nullable else "it may no longer be null", "sometimes")
    if found.filled != expected.filled:
        what = f"it is filled {found.filled} now" if found.filled else f"it is no longer filled {expected.filled}"
        yield Difference(place, what, "sometimes")


def _values(expected: Sequence[str], found: Sequence[str]) -> str:
    changes = [
        *(f"{one} is new" for one in found if one not in expected),
        *(f"{one} is missing" for one in expected if one not in found),
    ]
    return f"of its values, {', '.join(changes)}" if changes else "its values have another order"


def _renamed(column: Column, new: Mapping[str, Any]) -> str:
    """Return a guess at the new name of a missing column: the only new one like it."""
    alike = [name for name, one in new.items() if one == column]
    return f" (renamed to {alike[0]}?)" if len(alike) == 1 else ""
