"""Values and schemas that all services share: ids, times, text for people, addresses, bodies and pages."""

import re
from datetime import UTC, date, datetime
from ipaddress import ip_address
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import regex
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WrapSerializer,
    model_validator,
)
from pydantic_core import PydanticCustomError
from uuid_utils.compat import uuid7

from chassis.core.json import with_numbers

T = TypeVar("T")

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _check_day(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError("must be a date, as in 2026-11-21")  # pydantic takes seconds since 1970, too


Id = Annotated[UUID, Field(strict=False, examples=["0193b5a2-c7f0-7d5e-8a1b-3c4d5e6f7081"])]
"""An id in a request body; in JSON it is text."""
Moment = Annotated[AwareDatetime, Field(strict=False, examples=["2026-11-21T14:30:00Z"])]
"""A time in a request body: RFC 3339 with its offset."""
Day = Annotated[date, BeforeValidator(_check_day), Field(strict=False, examples=["2026-11-21"])]
"""A date in a request body, as RFC 3339 writes it."""
Since = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(3000, 1, 1, tzinfo=UTC))]
"""A time in a query from which on a service lists; a database cannot have every time that Python can write."""
NUMBERS = WrapSerializer(lambda value, write: write(with_numbers(value)), when_used="json")
"""For a type with free-form JSON in it: a Decimal there is written as a number, as in every other answer."""
AnyJson = Annotated[Any, NUMBERS]
"""A free-form value in an answer, an event or a call, as in ``dict[str, AnyJson]``."""
Ids = Annotated[
    list[UUID] | None,
    Field(max_length=100, description="Read these, in this order; unknown ids are left out, other filters ignored."),
]
"""The query parameter ``ids`` of a list: up to 100 rows are read at once (``list_by_ids``)."""
MOST_UNKNOWN = 10
"""How many unknown fields are named individually."""

_SEEN = regex.compile(
    r"[[\p{L}\p{N}\p{P}\p{S}]--\p{Default_Ignorable_Code_Point}--[\u2800\uFFFC\U0001D159]]", regex.VERSION1
)
"""Visible characters. Three symbols are not: an empty Braille cell, the object placeholder, a note without a head."""
_DIRECTIONS = r"\u202A-\u202E\u2066-\u2069"
_NOT_IN_A_LINE = regex.compile(rf"[\p{{Cc}}\p{{Zl}}\p{{Zp}}{_DIRECTIONS}]")
_NOT_IN_TEXT = regex.compile(rf"[[\p{{Cc}}{_DIRECTIONS}]--[\t\n\r]]", regex.VERSION1)


def new_id() -> UUID:
    """Make a UUIDv7 (RFC 9562): an id that sorts after those made before it on this machine."""
    return uuid7()


class Body(BaseModel):
    """
    A request body: strict types (true is not 1), unknown fields refused.

    ``Id``, ``Moment`` and ``Day`` are the types of UUIDs, times and dates, which JSON writes as text.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _has_few_fields(cls, value: Any) -> Any:  # noqa: ANN401 - whatever is sent
        # First: pydantic creates an error for each unknown field, for 25,000 in 0.4 s of the event loop.
        if isinstance(value, dict) and len(value) > MOST_UNKNOWN and _has_too_many(cls, value):
            raise PydanticCustomError("too_many_fields", "Too many fields; the known ones are {known}", _known(cls))
        return value


def _has_too_many(form: type[BaseModel], fields: dict[str, Any]) -> bool:
    return form.model_config["extra"] == "forbid" and len(fields) > len(form.__pydantic_fields__) + MOST_UNKNOWN


def _known(form: type[BaseModel]) -> dict[str, str]:
    return {"known": ", ".join(field.alias or name for name, field in form.__pydantic_fields__.items())}


class Read(BaseModel):
    """A response body, read from a database row or a mapping."""

    model_config = ConfigDict(from_attributes=True)


class Page(Read, Generic[T]):
    """A page of a list."""

    items: list[T]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last one.")


def is_visible(text: str) -> bool:
    """Whether the text has visible characters: not only spaces, marks and blank characters."""
    return _SEEN.search(text) is not None


def check_line(text: str) -> str:
    """
    Return a line of visible text.

    Raises:
        ValueError: It has no visible character, or has control characters.
    """
    if not is_visible(text):
        raise ValueError("must contain a visible character")
    if _NOT_IN_A_LINE.search(text):
        raise ValueError("must be one line, without control characters and without changes of the writing direction")
    return text


def _check_text(text: str) -> str:
    if text and not is_visible(text):
        raise ValueError("must contain a visible character, or be empty")
    if _NOT_IN_TEXT.search(text):
        raise ValueError("must be without control characters and without changes of the writing direction")
    return text


VISIBLE_LINE = AfterValidator(check_line)
"""For a field with one line for people, such as a name; put its length before this."""
VISIBLE_TEXT = AfterValidator(_check_text)
"""For a field with any number of lines for people; it may be empty."""


def read_address(text: str) -> str | None:
    """Return an IP address in its canonical spelling, or None if it is invalid or has a zone (``fe80::1%eth0``)."""
    try:
        return None if "%" in text else str(ip_address(text))
    except ValueError:
        return None
