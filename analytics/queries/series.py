"""Counts as columns, for charts."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from analytics.queries.answers import Name, Series

REST = "other"


class Cell(NamedTuple):
    """
    Some events.

    Attributes:
        position: In the column.
        column: Of which one; -1 is the rest.
        number: Of events.
    """

    position: int
    column: int
    number: int


def series(names: Sequence[Name], cells: Iterable[Cell], length: int) -> list[Series]:
    """Add up cells to a column of each name, and one of the rest if there is any; where there is none, it is 0."""
    columns = [[0] * length for _ in names]
    rest = [0] * length
    for position, column, number in cells:
        (columns[column] if column >= 0 else rest)[position] += number
    others = [Series(name=REST, counts=rest)] if any(rest) else []
    return [*(Series(name=name, counts=counts) for name, counts in zip(names, columns, strict=True)), *others]
