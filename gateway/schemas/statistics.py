"""The fields that are read of the answers of the analytics service."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from chassis.core.types import AnyJson


class Day(BaseModel):
    """The number of events on a day."""

    date: str
    count: int


class Statistics(BaseModel):
    """Counts of all events."""

    total: int
    by_type: dict[str, int]
    by_day: list[Day]
    users: int | None


class TimelineEvent(BaseModel):
    """An event of a person."""

    id: UUID
    type: str
    source: str
    subject: str | None
    occurred_at: datetime
    data: dict[str, AnyJson]
