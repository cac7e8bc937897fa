"""What the analytics service takes and gives."""

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


class Day(BaseModel):
    """One day's events."""

    date: str = Field(examples=["2026-11-21"])
    count: int = Field(examples=[12])


class Stats(BaseModel):
    """What all events add up to."""

    total: int = Field(examples=[120])
    by_type: dict[str, int] = Field(examples=[{"user.registered": 20, "order.confirmed": 100}])
    by_day: list[Day] = Field(description="UTC days that have events, oldest first; the last 90 of them.")
    users: int | None = Field(
        description="Accounts, as the user service counts them; null while it does not answer.", examples=[20]
    )


class UserStats(BaseModel):
    """What one person's events add up to."""

    total: int = Field(examples=[3])
    by_type: dict[str, int] = Field(examples=[{"user.registered": 1, "order.confirmed": 2}])
