"""Events as clients send them."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from analytics.properties import check_data
from chassis.schemas import Body, Id, Moment

EventType = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[a-zA-Z0-9_.-]+$"), Field(examples=["page.viewed"])
]


class EventCreate(Body):
    """A CloudEvent 1.0 in JSON. Only ``type`` is needed; an ``id`` of the sender's own makes it safe to send again."""

    specversion: Literal["1.0"] = "1.0"
    id: Annotated[Id | None, Field(description="The same id twice is counted once.")] = None
    source: Annotated[str, StringConstraints(min_length=1, max_length=200)] = "/clients"
    type: EventType
    subject: Annotated[str | None, StringConstraints(min_length=1, max_length=200)] = None
    time: Annotated[Moment | None, Field(description="When it happened; now, if left out.")] = None
    datacontenttype: Literal["application/json"] | None = None
    dataschema: Annotated[str | None, StringConstraints(max_length=200)] = None
    userid: Annotated[Id | None, Field(description="Whose activity it is.")] = None
    data: Annotated[
        dict[str, Any], AfterValidator(check_data), Field(default_factory=dict, examples=[{"path": "/pricing"}])
    ]


class EventRead(BaseModel):
    """What became of an event."""

    id: Id
    status: Literal["inserted", "duplicate"]
