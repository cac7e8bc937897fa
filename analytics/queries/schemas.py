"""Parameters of queries."""

from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints

from analytics.queries.buckets import BucketName
from analytics.queries.exports import FormatName
from analytics.queries.filters import EventFilter, property_is
from analytics.queries.ranges import FIRST, LAST, Range
from analytics.queries.zones import ZoneName

MOST_TYPES = 20
MOST_PROPERTIES = 3

When = Annotated[AwareDatetime, Field(ge=FIRST, le=LAST, examples=["2026-11-01T00:00:00+01:00"])]
TypeName = Annotated[str, StringConstraints(min_length=1, max_length=200), Field(examples=["page.viewed"])]
PropertyName = Annotated[str, StringConstraints(min_length=1, max_length=200), Field(examples=["path"])]
UserName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Limit = Annotated[int, Field(ge=1, le=100, description="The largest number of items.")]


def _is_condition(text: str) -> str:
    property_is(text)
    return text


PropertyCondition = Annotated[str, AfterValidator(_is_condition), Field(max_length=400, examples=["path:/pricing"])]


class TimeQuery(BaseModel):
    """A range of time: from a minute up to another."""

    start: When | None = Field(None, alias="from", description="Default: 30 days before `to`. Seconds are cut off.")
    end: When | None = Field(None, alias="to", description="Default: the end of this minute. Seconds are cut off.")

    @property
    def range(self) -> Range:
        """
        The completed range.

        Raises:
            EmptyRange: The range ends before it begins (422).
        """
        return Range.asked(self.start, self.end)


class TypeQuery(TimeQuery):
    """A range and types of events; no types mean all."""

    types: list[TypeName] = Field([], alias="type", max_length=MOST_TYPES)


class ZoneQuery(BaseModel):
    """The time zone of days and hours."""

    tz: ZoneName = "UTC"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.tz)


class StatsQuery(TypeQuery, ZoneQuery):
    """Parameters of the statistics; the default range is all time."""

    start: When | None = Field(None, alias="from", description="Seconds are cut off.")
    end: When | None = Field(None, alias="to", description="Seconds are cut off.")

    @property
    def range(self) -> Range:
        """The completed range (``TimeQuery.range``)."""
        return Range.ever(self.start, self.end)


class EventQuery(TypeQuery):
    """Events of some types, of a person, with some properties."""

    user_id: UserName | None = None
    properties: list[PropertyCondition] = Field(
        [], alias="property", max_length=MOST_PROPERTIES, description="`name:value`; events must have all of them."
    )

    @property
    def events(self) -> EventFilter:
        """The filter of events."""
        return EventFilter(self.range, self.types, self.user_id, [property_is(text) for text in self.properties])


class TimeseriesQuery(EventQuery, ZoneQuery):
    """The number of events over time."""

    bucket: BucketName = "day"
    by: PropertyName | None = Field(None, description="`type`, or the name of a property.")


class TopQuery(TypeQuery):
    """The values of a property."""

    name: PropertyName = Field(alias="property", description="The name of the property.")
    user_id: UserName | None = None
    limit: Limit = 10

    @property
    def events(self) -> EventFilter:
        """The filter of events."""
        return EventFilter(self.range, self.types, self.user_id)


class TopProductsQuery(TimeQuery):
    """The products with the most units sold."""

    limit: Limit = 10


class RevenueQuery(TimeQuery, ZoneQuery):
    """Revenue over time."""

    bucket: BucketName = "day"


class PeopleQuery(TypeQuery):
    """The number of different people over time."""

    bucket: Literal["day", "week", "month"] = "day"


class FunnelQuery(TimeQuery):
    """The number of people who reached each step."""

    steps: list[TypeName] = Field(alias="step", min_length=2, max_length=6)
    window: int = Field(86_400, ge=1, le=90 * 86_400, description="Seconds within which all steps follow the first.")

    @property
    def within(self) -> timedelta:
        """The window."""
        return timedelta(seconds=self.window)


class RetentionQuery(BaseModel):
    """How many people came back."""

    weeks: int = Field(8, ge=1, le=26, description="The number of weeks, including the last one.")
    end: When | None = Field(None, alias="to", description="In the last week. Default: now.")


class ExportQuery(EventQuery):
    """An export of events."""

    format: FormatName = "ndjson"
