"""Answers about statistics."""

from pydantic import BaseModel, Field


class Day(BaseModel):
    """The number of events on a day."""

    date: str = Field(examples=["2026-11-21"])
    count: int = Field(examples=[12])


class Stats(BaseModel):
    """Counts of all events."""

    total: int = Field(examples=[120])
    by_type: dict[str, int] = Field(examples=[{"user.registered": 20, "order.confirmed": 100}])
    by_day: list[Day] = Field(description="Days with events, oldest first; the last 90 of them.")
    users: int | None = Field(
        description="The number of accounts in the user service; null while it does not answer.", examples=[20]
    )


class UserStats(BaseModel):
    """Counts of one person's events."""

    total: int = Field(examples=[3])
    by_type: dict[str, int] = Field(examples=[{"user.registered": 1, "order.confirmed": 2}])
