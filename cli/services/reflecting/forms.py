"""The form of a column's values in JSON."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Enum,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Time,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from chassis.postgres.times import UtcTimestamp

_MOST_DIGITS = 38
"""Of a ``numeric`` without a precision."""


@dataclass(frozen=True, slots=True)
class Form:
    """
    How a value is sent and read, as types in Python.

    The names are those of ``chassis.core.types``, ``chassis.postgres.values`` and the service's ``tables``.
    """

    sent: str
    read: str


_SIMPLE: tuple[tuple[type[Any], Form], ...] = (  # subclasses first
    (SmallInteger, Form("SmallInt", "int")),
    (BigInteger, Form("BigInt", "int")),
    (Integer, Form("Int", "int")),
    (Float, Form("Float", "float")),
    (Boolean, Form("bool", "bool")),
    (Uuid, Form("Id", "UUID")),
    (UtcTimestamp, Form("Timestamp", "datetime")),
    (Date, Form("Day", "date")),
    (JSON, Form("Json", "AnyJson")),
    (LargeBinary, Form("Bytes", "BytesRead")),
)
_OF_KEYS = (Integer, Uuid, UtcTimestamp, DateTime, Date, Enum, String)
"""Types whose values can be a segment of a path; two of equal values are written alike there."""


def form_of(column: Column[Any]) -> Form | None:
    """Return the form of a column's values; None if they have none in JSON that we know."""
    if column.primary_key and isinstance(column.type, String) and not isinstance(column.type, Enum):
        return _of_key(column.type)
    return _of_type(column.type)


def can_be_key(column: Column[Any]) -> bool:
    """Whether values of the column can be a part of an address."""
    return isinstance(column.type, _OF_KEYS) and form_of(column) is not None


def _of_type(kind: Any) -> Form | None:  # noqa: ANN401, PLR0911 - a type of SQLAlchemy; a case each
    if isinstance(kind, ARRAY):
        return _of_array(kind)
    if isinstance(kind, Enum):
        return _of_enum(kind)
    if isinstance(kind, String):
        return Form(f"Annotated[str, Field(max_length={kind.length})]" if kind.length else "Text", "str")
    if isinstance(kind, Numeric) and not isinstance(kind, Float):
        return _of_numeric(kind)
    if isinstance(kind, DateTime):
        return Form("Timestamp", "datetime") if kind.timezone else None
    if isinstance(kind, Time):
        return None if kind.timezone else Form("Time", "time")
    return next((form for of, form in _SIMPLE if isinstance(kind, of)), None)


def _of_key(kind: String) -> Form:
    return Form(f"Annotated[KeyText, Field(max_length={kind.length})]" if kind.length else "KeyText", "str")


def _of_array(kind: Any) -> Form | None:  # noqa: ANN401
    # PostgreSQL stores no dimensions with a column: other writers may store arrays of arrays.
    item = _of_type(kind.item_type)
    if item is None or (kind.dimensions or 1) > 1:
        return None
    return Form(
        f"Annotated[list[{item.sent}], Field(max_length=MOST_ITEMS)]", f"list[{item.read} | None] | list[list[AnyJson]]"
    )


def _of_enum(kind: Enum) -> Form | None:
    if not kind.enums or kind.enum_class is None:
        return None
    name = f"tables.{kind.enum_class.__name__}"
    return Form(f"Annotated[{name}, Field(strict=False)]", name)


def _of_numeric(kind: Any) -> Form:  # noqa: ANN401
    if kind.precision is None:
        bounds = f"max_digits={_MOST_DIGITS}"
    elif (kind.scale or 0) < 0:
        bounds = f"max_digits={kind.precision - kind.scale}, decimal_places=0"
    else:
        bounds = f"max_digits={kind.precision}, decimal_places={kind.scale or 0}"
    return Form(f"Annotated[Numeric, Field({bounds})]", "Number")
