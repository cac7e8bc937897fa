"""Batches, in which each event is validated separately."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from analytics.ingestion.batch_json import Unreadable
from analytics.ingestion.documents import WrongTime, keep
from analytics.ingestion.publishers import PUBLISHERS
from analytics.retention import Retention
from chassis.core.errors import FieldError
from chassis.core.problems import field_error
from chassis.mongodb.database import Document

E = TypeVar("E", bound=BaseModel)

_LONGEST_ID = 200
MOST_FAULTS = 10
"""The largest number of reported errors per event: a sender of ten thousand unknown fields needs no longer list."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    An event that cannot be stored.

    Attributes:
        id: As it was sent, if it is readable.
    """

    id: str | None
    errors: list[FieldError]


class EventReader(Generic[E]):
    """Reads events of one form."""

    def __init__(self, form: type[E], id_name: str = "id") -> None:
        self._one = TypeAdapter(form)
        self._all = TypeAdapter(list[form])  # type: ignore[valid-type]  # it is known when this is run
        self._id_name = id_name

    def read(self, events: list[Any], publishers: frozenset[str]) -> Sequence[E | Refusal]:
        """Return each event, or its errors."""
        context = {PUBLISHERS: publishers}
        try:
            return self._all.validate_python(events, context=context)
        except ValidationError:  # once more, one by one
            return [self._read(event, context) for event in events]

    def _read(self, event: Any, context: dict[str, Any]) -> E | Refusal:  # noqa: ANN401 - JSON is what it is
        if isinstance(event, Unreadable):
            return Refusal(None, [_json_fault(event)])
        try:
            return self._one.validate_python(event, context=context)
        except ValidationError as error:
            sent_id = event.get(self._id_name) if isinstance(event, dict) else None
            readable = isinstance(sent_id, str) and len(sent_id) <= _LONGEST_ID
            return Refusal(sent_id if readable else None, faults_of(error))


def _json_fault(item: Unreadable) -> FieldError:
    return FieldError(location="event", pointer="", code="json_invalid", detail=f"Not valid JSON: {item.reason}")


def faults_of(error: ValidationError) -> list[FieldError]:
    """Return the errors of an event, with their positions."""
    faults = error.errors(include_url=False, include_input=False)[:MOST_FAULTS]
    return [field_error({**fault, "loc": ("event", *fault["loc"])}) for fault in faults]


def kept(documents: Iterable[Document | Refusal], retention: Retention) -> Iterator[Document | Refusal]:
    """Refuse the documents of a batch whose time is not allowed."""
    for document in documents:
        if isinstance(document, Refusal):
            yield document
            continue
        try:
            yield keep(document, retention)
        except WrongTime as error:
            yield Refusal(document["_id"], [error.fault])
