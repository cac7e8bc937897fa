"""Filters of events as database conditions; client input appears in them as values only."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from analytics.ingestion.person_ids import person_id, spellings
from analytics.ingestion.properties import check_data
from analytics.queries.ranges import Range
from chassis.core import json as strict_json
from chassis.mongodb.database import Document

LONGEST_VALUE = 200
"""How many characters of a longer text are compared."""
_SCALARS = ["string", "int", "long", "double", "bool"]


class PropertyIs(NamedTuple):
    """A property and the values that the text may mean: 5 may be the number or the text."""

    name: str
    values: Sequence[str | float | bool]


def property_is(text: str) -> PropertyIs:
    """
    Read ``name:value``.

    Raises:
        ValueError: There is no colon, or no name before it.
    """
    name, colon, value = text.partition(":")
    if not name or not colon:
        raise ValueError("must look like name:value")
    return PropertyIs(name, [value[:LONGEST_VALUE], *_as_json(value)])


def _as_json(text: str) -> list[float | bool]:
    try:
        value = check_data({"value": strict_json.loads(text.encode())})["value"]
    except ValueError:
        return []
    return [value] if isinstance(value, bool | int | float) else []


def property_of(name: str) -> Document:
    """Return the expression for an event's property, whose name may contain dots and dollars; scalars only."""
    value: Document = {"$getField": {"field": {"$literal": name}, "input": "$data"}}
    text: Document = {"$cond": [{"$eq": [{"$type": "$$value"}, "string"]}, _cut("$$value"), "$$value"]}
    scalar: Document = {"$cond": [{"$in": [{"$type": "$$value"}, _SCALARS]}, text, None]}
    return {"$let": {"vars": {"value": value}, "in": scalar}}


def _cut(text: str) -> Document:
    return {"$substrCP": [text, 0, LONGEST_VALUE]}


@dataclass(frozen=True, slots=True)
class EventFilter:
    """
    A filter of events.

    Attributes:
        types: Allowed types; empty for all.
        user_id: The person; None for everyone.
        properties: Properties that the events must have.
    """

    range: Range
    types: Sequence[str] = ()
    user_id: str | None = None
    properties: Sequence[PropertyIs] = field(default_factory=tuple)

    @property
    def is_counted(self) -> bool:
        """Whether stored counts can answer queries with this filter."""
        return self.user_id is None and not self.properties

    @property
    def condition(self) -> Document:
        """The condition."""
        user = {} if self.user_id is None else of_person(self.user_id)
        tests = [{"$in": [property_of(name), {"$literal": list(values)}]} for name, values in self.properties]
        has: Document = {"$expr": {"$and": tests}} if tests else {}
        return {**user, **of_types(self.types), **self.range.holds("occurred_at"), **has}


def of_person(user_id: str) -> Document:
    """Return the condition that an event is a person's, for every spelling of the id."""
    return {"user_id": {"$in": spellings(person_id(user_id))}}


def of_types(types: Sequence[str]) -> Document:
    """Return the condition that a count or an event has one of these types; empty for all types."""
    return {"type": {"$in": list(types)}} if types else {}
