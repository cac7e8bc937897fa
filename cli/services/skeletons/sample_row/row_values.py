"""Values of a row: in answers, and from requests."""

from typing import Any

from chassis.core.types import Body
from sample_row.table import COLUMNS

ANSWER: tuple[Any, ...] = tuple(column.label(name) for name, column in COLUMNS.items())
"""The columns of an answer, by the names of its fields."""


def values_of(body: Body) -> dict[Any, Any]:
    """Return the fields that were sent, by their columns."""
    return {COLUMNS[name]: value for name, value in body.model_dump(exclude_unset=True).items()}
