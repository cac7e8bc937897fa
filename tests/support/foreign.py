"""Comparing the schemas of a service with columns that belong to others."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import InstrumentedAttribute


def never_null(answer: type[BaseModel], columns: Mapping[str, InstrumentedAttribute[Any]]) -> list[str]:
    """Return the fields of an answer that cannot be null, although their columns may be."""
    fields = ((name, column) for name, column in columns.items() if name in answer.model_fields)
    return [name for name, column in fields if _is_nullable(column) and not _takes_none(answer, name)]


def _is_nullable(column: InstrumentedAttribute[Any]) -> bool:
    return bool(column.property.columns[0].nullable)


def _takes_none(answer: type[BaseModel], name: str) -> bool:
    try:
        answer.__pydantic_validator__.validate_assignment(answer.model_construct(), name, None)
    except ValidationError:
        return False
    return True
