"""What events add up to, as it is answered."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from chassis.core.money import Amount

Name = StrictStr | StrictBool | StrictInt | StrictFloat
"""A type, or the value of a property."""


class Series(BaseModel):
    """A column of counts, one for each bucket."""

    name: Name = Field(examples=["order.confirmed"])
    counts: list[int] = Field(examples=[[3, 0, 12]])


class Timeseries(BaseModel):
    """How many events there were over time."""

    bucket: str = Field(examples=["day"])
    tz: str = Field(examples=["Europe/Berlin"])
    starts: list[datetime] = Field(description="When each bucket begins, in the time zone.")
    series: list[Series] = Field(description="The most frequent first; after ten values of a property, `other`.")


class TopValue(BaseModel):
    """A value of a property, and how many events have it."""

    value: Name = Field(examples=["/pricing"])
    count: int


class Top(BaseModel):
    """The most frequent values of a property."""

    items: list[TopValue]
    other: int = Field(description="Events with another value.")


class Revenue(BaseModel):
    """So much in one currency."""

    currency: str = Field(examples=["EUR"])
    amount: Amount


class TopProduct(BaseModel):
    """What was sold of a product."""

    product_id: str
    name: str | None = Field(description="As it was created; null if that is not known.", examples=["Teapot"])
    units: int
    revenue: list[Revenue]


class TopProducts(BaseModel):
    """What was sold most."""

    items: list[TopProduct]


class RevenueSeries(BaseModel):
    """A column of amounts, one for each bucket."""

    currency: str = Field(examples=["EUR"])
    amounts: list[Amount]


class RevenueOverTime(BaseModel):
    """What came in over time, from confirmed orders."""

    starts: list[datetime]
    series: list[RevenueSeries]


class UniquePeople(BaseModel):
    """How many people there were over time."""

    total: int = Field(description="Different people in all; not the sum of the counts.")
    starts: list[datetime]
    counts: list[int]


class FunnelStep(BaseModel):
    """How many people got so far."""

    type: str = Field(examples=["order.confirmed"])
    users: int


class Funnel(BaseModel):
    """How many people got how far."""

    steps: list[FunnelStep]


class Week(BaseModel):
    """The people who came first in a week."""

    week: date = Field(description="Its Monday.")
    users: int
    returned: list[int] = Field(description="How many of them did something in that week, the next, and so on.")


class Retention(BaseModel):
    """Who came back."""

    weeks: list[Week]


class TimelineEvent(BaseModel):
    """An event of a person."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(validation_alias="_id")
    type: str
    source: str
    subject: str | None
    user_id: str | None
    anonymous_id: str | None = None
    occurred_at: datetime
    received_at: datetime
    data: dict[str, Any]


class Erased(BaseModel):
    """How much was erased under one kind of id."""

    ids: int = Field(description="How many ids of this kind; what an alias replaced may be of both, and counts twice.")
    events: int


class ErasedIdentities(BaseModel):
    """What was erased, by the kind of id under which it stood."""

    user_id: Erased = Field(description="The account's id, in all its spellings.")
    aliases: Erased = Field(description="Other user ids that an alias has linked to it.")
    anonymous_ids: Erased = Field(description="Browsers and devices that were linked to it, and named nobody.")


class Erasure(BaseModel):
    """That the events of a person were made nobody's."""

    user_id: UUID
    erased_at: datetime
    events: int = Field(description="How many events were theirs, those included that arrived later.")
    identities: ErasedIdentities
