"""Rows that are made up: of any table, with the rows that they refer to. For tests, and to try a table."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Enum,
    Float,
    ForeignKeyConstraint,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    String,
    Table,
    Time,
    Uuid,
    insert,
)
from sqlalchemy.dialects.postgresql import ARRAY, CHAR, INET, INTERVAL, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.types import new_id
from chassis.postgres.times import UtcTimestamp
from cli.errors import CommandError

Sample = Mapping[str, object]
"""Column (``"book.isbn"``) -> its value, or a function of a number that makes one."""

_NUMBERS = count(1000)
_SMALLEST = 2**15


async def make_up(
    session: AsyncSession,
    table: Table,
    number: int,
    sample: Sample,
    also: Collection[str] = (),
    within: tuple[Table, ...] = (),
) -> dict[str, Any]:
    """
    Return values of the columns that a row of the table must have; the rows that it refers to are inserted.

    Args:
        number: Another number makes another row.
        sample: The values of some columns, which are then always among those that are returned.
        also: Further columns that are wanted.
        within: The tables whose rows need this one.

    Raises:
        CommandError: A value cannot be made up; the message names the column.
    """
    given = {one.name: sample[place] for one in table.c if (place := f"{table.name}.{one.name}") in sample}
    wanted = {one.name for one in table.c if one.name in also or _is_required(one)} - given.keys()
    values = {name: value(number) if callable(value) else value for name, value in given.items()}
    for constraint in sorted(table.foreign_key_constraints, key=lambda one: -len(one.columns)):
        columns = {column.name for column in constraint.columns}
        if columns & wanted and not columns <= values.keys():
            values = await _referred(session, constraint, sample, (*within, table)) | values
    return values | {name: _made_up(table.c[name], number) for name in sorted(wanted - values.keys())}


async def _referred(
    session: AsyncSession, constraint: ForeignKeyConstraint, sample: Sample, within: tuple[Table, ...]
) -> dict[str, Any]:
    """Insert a row to refer to; returns the values that refer to it."""
    target = constraint.referred_table
    if target in within:
        column = next(iter(constraint.columns))
        raise CommandError(f"{constraint.table.name} needs another row of {target.name} first. {_advice(column)}")
    referred = [element.column for element in constraint.elements]
    names = [column.name for column in referred if column.server_default is None]
    values = await make_up(session, target, next(_NUMBERS), sample, names, within)
    row = (await session.execute(insert(target).values(values).returning(*referred))).one()
    return dict(zip((column.name for column in constraint.columns), row, strict=True))


def _is_required(column: Column[Any]) -> bool:
    return not column.nullable and column.server_default is None


def _made_up(column: Column[Any], number: int) -> Any:  # noqa: ANN401 - of the column's type
    kind = column.type
    value = [_of_type(kind.item_type, number)] if isinstance(kind, ARRAY) else _of_type(kind, number)
    if value is None or value == [None]:
        raise CommandError(f"A value of type {kind!r} cannot be made up. {_advice(column)}")
    return value


def _of_type(kind: Any, number: int) -> Any:  # noqa: ANN401
    """Return a value of a type; None if it is an unknown one."""
    if isinstance(kind, Enum):
        members = list(kind.enum_class or kind.enums)
        return members[number % len(members)] if members else None
    if isinstance(kind, String | TSVECTOR):
        return _text(kind, f"made{number}")
    if isinstance(kind, Numeric) and not isinstance(kind, Float):
        return Decimal(number % 10 ** max(0, (kind.precision or 9) - (kind.scale or 0)))
    moment = datetime(2026, 6, 1, 12, tzinfo=UTC) + timedelta(seconds=number)
    values: dict[tuple[type, ...], object] = {
        (Boolean,): number % 2 == 1,
        (Integer,): number % _SMALLEST,
        (Float,): float(number),
        (Uuid,): new_id(),
        (JSON,): {"number": number},
        (LargeBinary,): b"%d" % number,
        (Date,): date(2026, 6, 1) + timedelta(days=number),
        (Time,): time(12, number // 60 % 60, number % 60),
        (DateTime, UtcTimestamp): moment,
        (Interval, INTERVAL): timedelta(seconds=number),
        (INET,): f"10.0.{number // 250 % 250}.{number % 250}",
    }
    return next((value for types, value in values.items() if isinstance(kind, types)), None)


def _text(kind: Any, text: str) -> str:  # noqa: ANN401
    length = getattr(kind, "length", None)
    if not length:
        return text
    return text[-length:].ljust(length, "x") if isinstance(kind, CHAR) else text[-length:]


def _advice(column: Column[Any]) -> str:
    return f'Write a value of "{column.table.name}.{column.name}" into SAMPLE.'
