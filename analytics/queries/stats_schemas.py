"""What events add up to, as it is answered."""

from pydantic import BaseModel, Field


class Day(BaseModel):
    """One day's events."""

    date: str = Field(examples=["2026-11-21"])
    count: int = Field(examples=[12])


class Stats(BaseModel):
    """What all events add up to."""

    total: int = Field(examples=[120])
    by_type: dict[str, int] = Field(examples=[{"user.registered": 20, "order.confirmed": 100}])
    by_day: list[Day] = Field(description="Days that have events, oldest first; the last 90 of them.")
    users: int | None = Field(
        description="Accounts, as the user service counts them; null while it does not answer.", examples=[20]
    )


class UserStats(BaseModel):
    """What one person's events add up to."""

    total: int = Field(examples=[3])
    by_type: dict[str, int] = Field(examples=[{"user.registered": 1, "order.confirmed": 2}])
