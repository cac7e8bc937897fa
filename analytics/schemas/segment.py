"""Messages of Segment's clients (https://segment.com/docs/connections/spec), as far as we know them."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel

from analytics.schemas.events import Line
from chassis.schemas import Moment

MOST_MESSAGES = 2500
"""In a batch, as Segment has it."""


class Kind(StrEnum):
    """What a message tells; but for ``track`` it is the type of the event."""

    TRACK = "track"
    IDENTIFY = "identify"
    PAGE = "page"
    SCREEN = "screen"
    GROUP = "group"
    ALIAS = "alias"


Optional = Annotated[Line | None, BeforeValidator(lambda value: value or None)]
"""Text; clients send an empty one for none."""
Properties = Annotated[dict[str, Any], BeforeValidator(lambda value: {} if value is None else value)]


class Lenient(BaseModel):
    """A body in which fields that nobody here knows are overlooked."""

    model_config = ConfigDict(strict=True, extra="ignore", alias_generator=to_camel)


class Message(Lenient):
    """What a person did, or is."""

    # Its schema stands where it is used: a reference would have nothing to refer to in the documentation.
    type: Annotated[Kind, Field(strict=False), WithJsonSchema({"type": "string", "enum": list(Kind)})]
    message_id: Optional = None
    user_id: Optional = None
    anonymous_id: Optional = None
    timestamp: Moment | None = None
    original_timestamp: Moment | None = None
    sent_at: Moment | None = None
    context: Properties = Field(default_factory=dict)
    properties: Properties = Field(default_factory=dict)
    traits: Properties = Field(default_factory=dict)
    event: Optional = None
    name: Optional = None
    category: Optional = None
    group_id: Optional = None
    previous_id: Optional = None

    @model_validator(mode="after")
    def _says_who_and_what(self) -> "Message":
        if not (self.user_id or self.anonymous_id):
            raise ValueError("needs userId or anonymousId")
        if self.type is Kind.TRACK and not self.event:
            raise ValueError("needs event, the name of what happened")
        return self


class MessageBatch(Lenient):
    """Messages that were collected."""

    batch: Annotated[list[Any], Field(max_length=MOST_MESSAGES)]
    context: Properties = Field(default_factory=dict)
    sent_at: Moment | None = None


class Success(BaseModel):
    """What Segment's clients expect to hear."""

    success: bool = True
