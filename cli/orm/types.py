"""The types of columns: PostgreSQL's as SQLAlchemy reflects them, for the generated models and for Python."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects.postgresql import ARRAY, BIT, DOMAIN, HSTORE, MONEY, OID, TSVECTOR
from sqlalchemy.types import JSON, DateTime, Enum, NullType, String, TypeEngine

from chassis.postgres.times import UtcTimestamp
from chassis.postgres.unknown import UnknownType

Type = TypeEngine[Any]

_PYTHON_TYPES: Sequence[tuple[type[Type], str, str]] = (
    (JSON, "JsonValue", "pydantic"),
    (UtcTimestamp, "datetime", "datetime"),
    (HSTORE, "dict[str, str | None]", ""),
    (BIT, "BitString", "sqlalchemy.dialects.postgresql"),
    (OID, "int", ""),
    (MONEY, "str", ""),
    (TSVECTOR, "str", ""),
)
"""Type in PostgreSQL, in Python, and the module of that; where SQLAlchemy does not know it, or names it otherwise."""


def simplify(kind: Type, namespace: str, name: str) -> Type:
    """
    Return a type for the models: a domain is its base type, naive times hold UTC, and an enum has its schema.

    Args:
        name: Its name in PostgreSQL.
    """
    if isinstance(kind, DOMAIN):
        if isinstance(kind.data_type, String):
            kind.data_type.collation = None
        return simplify(kind.data_type, namespace, str(kind.data_type))
    if isinstance(kind, ARRAY):
        kind.item_type = simplify(kind.item_type, namespace, name.removesuffix("[]"))
    elif isinstance(kind, NullType):
        return UnknownType(name)
    elif isinstance(kind, DateTime) and not kind.timezone:
        return UtcTimestamp()
    elif isinstance(kind, Enum):
        kind.schema = kind.schema or namespace  # reflection names it only if it is not on the search_path
    return kind


def enum_of(kind: Type) -> Enum | None:
    """Return a column's enum, or that of its array's elements."""
    item = kind.item_type if isinstance(kind, ARRAY) else kind
    return item if isinstance(item, Enum) else None


def python_type(kind: Type) -> tuple[str, str]:
    """Return the type of a value in Python and the module that it is in: ``object`` if SQLAlchemy does not know it."""
    for of_sql, name, module in _PYTHON_TYPES:
        if isinstance(kind, of_sql):
            return name, module
    try:
        found = kind.python_type
    except NotImplementedError:
        return "object", ""
    return found.__name__, "" if found.__module__ == "builtins" else found.__module__
