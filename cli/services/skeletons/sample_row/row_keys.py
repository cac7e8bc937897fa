"""Primary keys: in conditions, in cursors and in addresses."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, and_, tuple_

from sample_row.schemas import SampleRowKey
from sample_row.table import KEY

_KEYS = TypeAdapter(SampleRowKey)


def has_key(key: SampleRowKey) -> ColumnElement[bool]:
    """Return the condition that a row is the one with this key."""
    return and_(*(column == value for column, value in zip(KEY, key, strict=True)))


def is_after(cursor: str) -> ColumnElement[bool]:
    """Return the condition that a row is after the one that a cursor names, in the order of the keys."""
    key = _KEYS.validate_json(cursor)
    return tuple_(*KEY) > tuple_(*key, types=[column.type for column in KEY])


def cursor_of(row: Mapping[str, Any]) -> str:
    """Return the key of a row for a cursor."""
    return _KEYS.dump_json(_key_of(row)).decode()


def address_of(row: Mapping[str, Any]) -> str:
    """Return the key of a row as segments of a path, without a slash before them."""
    return "/".join(quote(str(part), safe="") for part in _KEYS.dump_python(_key_of(row), mode="json"))


def _key_of(row: Mapping[str, Any]) -> SampleRowKey:
    return SampleRowKey(**{name: row[name] for name in SampleRowKey._fields})
