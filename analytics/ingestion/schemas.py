"""Schemas of events and of the answers to them."""

from typing import Annotated, Any, Literal, NotRequired, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    model_validator,
)
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from analytics.ingestion.event_ids import event_id
from analytics.ingestion.person_ids import person_id
from analytics.ingestion.properties import check_data
from analytics.ingestion.publishers import refuse_published
from chassis.core.errors import FieldError
from chassis.core.types import Body, Id, Moment

MOST_EVENTS = 500
"""The largest number of events in a batch."""
MAX_BATCH_BYTES = 500 * 1024
"""The largest size of a batch, as JSON."""
MOST_COMMAS = 64 * 1024
"""The largest number of commas in a batch: an eighth of its bytes. Parsing a value costs a microsecond of CPU."""

_SERVICES = "/services/"
_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_JSON = r"^application/([a-z0-9.-]+\+)?json *(;.*)?$"


def _refuse_services(source: str) -> str:
    if source.startswith(_SERVICES):
        raise ValueError(f"must not begin with {_SERVICES}: these sources are reserved for services")
    return source


# Text throughout: converting to a UUID object and back would cost as much as all other checks.
UuidText = Annotated[
    str,
    StringConstraints(to_lower=True, pattern=_UUID),
    Field(json_schema_extra={"format": "uuid"}, examples=["0193b5a2-c7f0-7d5e-8a1b-3c4d5e6f7081"]),
]
PersonId = Annotated[UuidText, BeforeValidator(lambda value: person_id(value) if isinstance(value, str) else value)]
"""The id of an account, in one spelling: events are found and erased by it."""
# One pattern, because events are many: a visible character is no control character, space, mark or blank letter.
_SEEN = r"[^\p{C}\p{Z}\p{M}\u115F\u1160\u3164\uFFA0\u2800]"
Line = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=rf"^[^\x00-\x1f\x7f]*{_SEEN}[^\x00-\x1f\x7f]*$"),
]
"""Text without control characters and with at least one visible character."""
EventType = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[a-zA-Z0-9_.-]+$"), Field(examples=["page.viewed"])
]
# A plain dict: dict[str, Any] would be copied name by name, and JSON has no other names.
EventData = Annotated[dict[str, Any], PlainValidator(check_data, json_schema_input_type=dict[str, Any])]
"""A JSON object within the bounds of ``properties.py``."""
ClientType = Annotated[EventType, AfterValidator(refuse_published)]
ClientSource = Annotated[Line, AfterValidator(_refuse_services)]
Time = Annotated[Moment | None, Field(description="When it happened; default: now.")]
UserId = Annotated[PersonId | None, Field(description="The person who acted: a UUID, in any spelling.")]


class AnyEvent(Body):
    """An event of a client or a service."""

    specversion: Literal["1.0"] = "1.0"
    id: Annotated[UuidText | None, Field(description="Events with the same id are counted once.")] = None
    source: Line = "/clients"
    type: EventType
    subject: Line | None = None
    time: Time = None
    datacontenttype: Annotated[str | None, StringConstraints(max_length=100, pattern=_JSON)] = None
    dataschema: Annotated[str | None, StringConstraints(max_length=200)] = None
    userid: UserId = None
    data: EventData = Field(default_factory=dict, examples=[{"path": "/pricing"}])


class EventCreate(AnyEvent):
    """
    A CloudEvent 1.0 in JSON. Only ``type`` is needed; with an ``id`` of its own the sender may send it again.

    ``time`` and ``userid`` may also be sent as ``occurred_at`` and ``user_id``, their names in answers.
    """

    source: ClientSource = "/clients"
    type: ClientType
    time: Annotated[Time, Field(validation_alias=AliasChoices("time", "occurred_at"))] = None
    userid: Annotated[UserId, Field(validation_alias=AliasChoices("userid", "user_id"))] = None


class CloudEventCreate(EventCreate):
    """
    A CloudEvent 1.0 as specified: any id that is unique within its source, any type, more attributes.

    Unknown attributes are ignored.
    """

    model_config = ConfigDict(extra="ignore")

    specversion: Literal["1.0"]
    id: Line
    source: ClientSource
    type: Annotated[Line, AfterValidator(refuse_published)]
    time: Time = None
    userid: UserId = None
    data_base64: Annotated[None, Field(description="Not supported: data must be JSON.")] = None

    @model_validator(mode="after")
    def _has_the_id_that_is_stored(self) -> Self:
        self.id = event_id(self.id, self.source)
        return self


Events = Annotated[list[Any], Field(max_length=MOST_EVENTS)]
"""Each event is validated separately."""


class EventBatch(Body):
    """Events in our own JSON."""

    events: Events


class EventRead(BaseModel):
    """The outcome of storing an event."""

    id: Id
    status: Literal["inserted", "duplicate"]


class EventOutcome(TypedDict):
    """The outcome of storing an event of a batch."""

    id: str | None
    """As stored; for an invalid event as sent, if it is readable."""
    status: Literal["inserted", "duplicate", "invalid"]
    errors: NotRequired[list[FieldError]]
    """The errors of an invalid event."""


class BatchRead(TypedDict):
    """The outcomes of a batch, in the order of its events."""

    items: list[EventOutcome]
