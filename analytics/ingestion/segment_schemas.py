"""Messages of Segment's clients (https://segment.com/docs/connections/spec), as far as we know them."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NaiveDatetime,
    PlainValidator,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel

from analytics.ingestion.properties import MAX_BYTES
from analytics.ingestion.publishers import refuse_published
from analytics.ingestion.schemas import Line
from chassis.core.types import Moment

MOST_MESSAGES = 2500
"""The largest number of messages in a batch, as in Segment's API."""


class Kind(StrEnum):
    """The kind of a message; except for ``track`` it is the type of the event."""

    TRACK = "track"
    IDENTIFY = "identify"
    PAGE = "page"
    SCREEN = "screen"
    GROUP = "group"
    ALIAS = "alias"


def _text(value: object) -> str | None:
    """Return a number as text; a text that is empty or too long, or any other value, becomes None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return _shortest(float(value))
    return value if isinstance(value, str) and 0 < len(value) <= MAX_BYTES else None


def _shortest(number: float) -> str | None:
    if not math.isfinite(number):
        return None
    return str(int(number)) if number.is_integer() and abs(number) < _EXACT else str(number)


def _time(value: object) -> datetime | None:
    """Return a time without a zone as UTC; a time that cannot be parsed becomes None."""
    try:
        return _NAIVE.validate_python(value).replace(tzinfo=UTC)
    except ValidationError:
        return None


def _no_object(_value: object) -> dict[str, Any]:
    """PHP writes an empty array and an empty object the same way; a value that is not an object cannot be stored."""
    return {}


_EXACT = 2**53
"""Below this, a whole double represents its number exactly."""
_NAIVE = TypeAdapter(NaiveDatetime)
_TimeText = Annotated[str, StringConstraints(max_length=64)]
_NoItems = Annotated[list[Any], Field(max_length=0)]
_IN_ORDER = Field(union_mode="left_to_right")

# Each union first accepts a valid value; its second part converts an invalid one.
Text = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=MAX_BYTES)]
    | Annotated[str | None, PlainValidator(_text, json_schema_input_type=float | None)],
    _IN_ORDER,
]
Id = Annotated[Line | Annotated[Line | None, BeforeValidator(_text, json_schema_input_type=float | None)], _IN_ORDER]
Time = Annotated[
    Moment | Annotated[datetime | None, PlainValidator(_time, json_schema_input_type=_TimeText | None)], _IN_ORDER
]
Properties = Annotated[
    dict[str, Any] | Annotated[dict[str, Any], PlainValidator(_no_object, json_schema_input_type=_NoItems | None)],
    _IN_ORDER,
]


class Lenient(BaseModel):
    """A body in which unknown fields are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", alias_generator=to_camel)


class Message(Lenient):
    """What a person did, or a description of the person."""

    # The schema is inlined: a reference would have no target in the documentation.
    type: Annotated[Kind, Field(strict=False), WithJsonSchema({"type": "string", "enum": list(Kind)})]
    message_id: Text = None
    user_id: Id = None
    anonymous_id: Id = None
    timestamp: Time = None
    original_timestamp: Time = None
    sent_at: Time = None
    context: Properties = Field(default_factory=dict)
    properties: Properties = Field(default_factory=dict)
    traits: Properties = Field(default_factory=dict)
    event: Id = None
    name: Text = None
    category: Text = None
    group_id: Text = None
    previous_id: Text = None

    @model_validator(mode="after")
    def _says_who_and_what(self, info: ValidationInfo) -> "Message":
        if not (self.user_id or self.anonymous_id):
            raise ValueError("needs userId or anonymousId")
        if self.type is Kind.TRACK:
            if not self.event:
                raise ValueError("needs event, the name of what happened")
            refuse_published(self.event, info)
        return self


class MessageBatch(Lenient):
    """A batch of messages."""

    batch: Annotated[list[Any], Field(max_length=MOST_MESSAGES)]
    context: Properties = Field(default_factory=dict)
    sent_at: Time = None


class Success(BaseModel):
    """The answer that Segment's clients expect."""

    success: bool = True
