"""Answers to queries."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from chassis.core.money import Amount
from chassis.core.types import AnyJson

Name = StrictStr | StrictBool | StrictInt | StrictFloat
"""A type, or the value of a property."""


class Series(BaseModel):
    """Counts, one for each bucket."""

    name: Name = Field(examples=["order.confirmed"])
    counts: list[int] = Field(examples=[[3, 0, 12]])


class Timeseries(BaseModel):
    """The number of events over time."""

    bucket: str = Field(examples=["day"])
    tz: str = Field(examples=["Europe/Berlin"])
    starts: list[datetime] = Field(description="When each bucket begins, in the time zone.")
    series: list[Series] = Field(description="The most frequent first; after ten values of a property, `other`.")


class TopValue(BaseModel):
    """A value of a property, and the number of events with it."""

    value: Name = Field(examples=["/pricing"])
    count: int


class Top(BaseModel):
    """The most frequent values of a property."""

    items: list[TopValue]
    other: int = Field(description="Events with another value.")


class Revenue(BaseModel):
    """An amount in one currency."""

    currency: str = Field(examples=["EUR"])
    amount: Amount


class TopProduct(BaseModel):
    """Units and revenue of a product."""

    product_id: str
    name: str | None = Field(description="The name at its creation; null if it is not known.", examples=["Teapot"])
    units: int
    revenue: list[Revenue]


class TopProducts(BaseModel):
    """The products with the most units sold."""

    items: list[TopProduct]


class RevenueSeries(BaseModel):
    """Amounts, one for each bucket."""

    currency: str = Field(examples=["EUR"])
    amounts: list[Amount]


class RevenueOverTime(BaseModel):
    """Revenue of confirmed orders over time."""

    starts: list[datetime]
    series: list[RevenueSeries]


class UniquePeople(BaseModel):
    """The number of different people over time."""

    total: int = Field(description="Different people in the whole range; not the sum of the counts.")
    starts: list[datetime]
    counts: list[int]


class FunnelStep(BaseModel):
    """The number of people who reached a step."""

    type: str = Field(examples=["order.confirmed"])
    users: int


class Funnel(BaseModel):
    """The number of people who reached each step."""

    steps: list[FunnelStep]


class Week(BaseModel):
    """The people who first appeared in a week."""

    week: date = Field(description="Its Monday.")
    users: int
    returned: list[int] = Field(description="How many of them were active in that week, the next, and so on.")


class Retention(BaseModel):
    """How many people came back."""

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
    data: dict[str, AnyJson]


class Erased(BaseModel):
    """The number of anonymised events under one kind of id."""

    ids: int = Field(description="Ids of this kind; an id that an alias replaced may be of both kinds and count twice.")
    events: int


class ErasedIdentities(BaseModel):
    """Anonymised events by the kind of id that they had."""

    user_id: Erased = Field(description="The account's id, in all its spellings.")
    aliases: Erased = Field(description="Other user ids that an alias linked to it.")
    anonymous_ids: Erased = Field(description="Browsers and devices linked to it, in events without a user id.")


class Erasure(BaseModel):
    """The record of a person's erasure."""

    user_id: UUID
    erased_at: datetime
    events: int = Field(description="The number of anonymised events, including those that arrived later.")
    identities: ErasedIdentities
