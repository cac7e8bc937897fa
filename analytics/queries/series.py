"""Series of counts for charts."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from analytics.queries.answers import Name, Series

REST = "other"


class Cell(NamedTuple):
    """
    A number of events.

    Attributes:
        position: The bucket.
        column: The position of the name; -1 is the rest.
        number: The number of events.
    """

    position: int
    column: int
    number: int


def series(names: Sequence[Name], cells: Iterable[Cell], length: int) -> list[Series]:
    """Add up cells to a series for each name, and one for the rest if it is not empty; missing cells are 0."""
    columns = [[0] * length for _ in names]
    rest = [0] * length
    for position, column, number in cells:
        (columns[column] if column >= 0 else rest)[position] += number
    others = [Series(name=REST, counts=rest)] if any(rest) else []
    return [*(Series(name=name, counts=counts) for name, counts in zip(names, columns, strict=True)), *others]
