"""A table as it is served: the names of its columns, which of them are sent, and why it cannot be served."""

import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Column, DateTime, String, Table, Uuid
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapper, class_mapper

from chassis.postgres.times import UtcTimestamp
from cli.orm.names import assign, snake_case
from cli.services.reflecting.forms import can_be_key, form_of

_TAKEN = {*dir(BaseModel), *(name for name in dir(builtins) if name in {"bool", "float", "int", "list", "str"}), "etag"}
"""What pydantic's classes have themselves, the types that they name, and the version of a row."""
_UUID_LENGTH = 36


@dataclass(frozen=True, slots=True)
class Field:
    """
    A column in requests and answers.

    Attributes:
        name: Its name there.
        attribute: Its name in the model.
    """

    name: str
    attribute: str
    column: Column[Any]

    @property
    def is_made(self) -> bool:
        """Whether a row may be created without it: PostgreSQL, or ``orm/overrides.py``, fills it."""
        return _is_filled(self.column) or _is_changed_at(self.column) or _is_made_id(self.column)

    @property
    def is_created(self) -> bool:
        """Whether a request may send it when it creates a row."""
        if form_of(self.column) is None or self.column.computed is not None or self.column.identity is not None:
            return False
        if self.column.primary_key:
            return not _is_filled(self.column)
        return not _is_changed_at(self.column) and not _is_created_at(self.column)

    @property
    def is_changed(self) -> bool:
        """Whether a request may change it."""
        return self.is_created and not self.column.primary_key


class Served:
    """
    A table that may be served, with its model.

    Args:
        key: The columns of its primary key, in the order of their index.
    """

    def __init__(self, model: type[DeclarativeBase], key: Sequence[str]) -> None:
        self.model = model
        self._key = key

    @property
    def table(self) -> Table:
        """The table."""
        table = self.model.__table__
        assert isinstance(table, Table)
        return table

    @property
    def name(self) -> str:
        """Its name in PostgreSQL."""
        return self.table.name

    @cached_property
    def fields(self) -> list[Field]:
        """All columns that have a form in JSON, in their order."""
        return [field for field in self._columns if form_of(field.column)]

    @property
    def key(self) -> list[Field]:
        """The primary key."""
        by_name = {field.column.name: field for field in self._columns}
        return [by_name[name] for name in self._key]

    @property
    def sent(self) -> list[str]:
        """The names of the columns that the tests send: a change of one, besides what must be filled."""
        changed = [field.column for field in self.fields if field.is_changed]
        return [one.name for one in sorted(changed, key=lambda one: bool(one.foreign_keys))[:1]]

    def obstacles(self) -> Iterator[str]:
        """Yield why it cannot be served."""
        for field in self.key:
            if not can_be_key(field.column):
                yield f"its key has the column {field.column.name} of type {_type_of(field.column)}"
            elif not field.name.isascii():
                yield f"its key has the column {field.column.name}, whose name cannot be that of a parameter"
        for field in self._columns:
            is_needed = not field.column.nullable and not field.is_made
            if is_needed and form_of(field.column) is None and not field.column.primary_key:
                kind = _type_of(field.column)
                yield f"its column {field.column.name} must be filled, and values of type {kind} have no form in JSON"
        if not any(field.is_changed for field in self.fields):
            yield "it has no column that a request could change"

    def describe(self) -> str:
        """Return name, key and columns in a line."""
        key = ", ".join(field.column.name for field in self.key)
        columns = ", ".join(field.column.name for field in self._columns)
        return f"{self.name}: key {key}; columns {columns}"

    @cached_property
    def _columns(self) -> list[Field]:
        attributes = {column.name: name for name, column in self._mapper.columns.items()}
        names = assign(((name, snake_case(name)) for name in attributes), _TAKEN)
        return [Field(names[name], attribute, self.table.c[name]) for name, attribute in attributes.items()]

    @property
    def _mapper(self) -> Mapper[Any]:
        return class_mapper(self.model)


def _is_filled(column: Column[Any]) -> bool:
    return column.server_default is not None or column.computed is not None or column.identity is not None


def _is_made_id(column: Column[Any]) -> bool:
    """Whether ``orm/overrides.py`` of the skeleton makes it."""
    if column.name != "id" or column.foreign_keys or len(column.table.primary_key.columns) != 1:
        return False
    is_text = isinstance(column.type, String) and (column.type.length or _UUID_LENGTH) >= _UUID_LENGTH
    return column.primary_key and (is_text or isinstance(column.type, Uuid))


def _is_changed_at(column: Column[Any]) -> bool:
    return column.name in {"updated_at", "updatedAt"} and isinstance(column.type, DateTime | UtcTimestamp)


def _is_created_at(column: Column[Any]) -> bool:
    is_time = isinstance(column.type, DateTime | UtcTimestamp)
    return column.name in {"created_at", "createdAt"} and is_time and column.server_default is not None


def _type_of(column: Column[Any]) -> str:
    return column.type.compile(dialect=postgresql.dialect()).lower()  # type: ignore[no-untyped-call]
