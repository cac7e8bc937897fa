"""Events and their counts."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import strawberry

from gateway.calls import READ_ACTIVITY, READ_STATISTICS
from gateway.graphql.context import Info
from gateway.graphql.types.scalars import Count, Json
from gateway.schemas.statistics import TimelineEvent


@strawberry.type(description="Something that happened, as analytics stores it.")
class Event:
    """An event of a person."""

    id: UUID = strawberry.field(description="Its id.")
    type: str = strawberry.field(description="Its type, as in `order.confirmed`.")
    source: str = strawberry.field(description="Who sent it.")
    subject: str | None = strawberry.field(description="What it is about.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    data: Json = strawberry.field(description="Its properties.")

    @classmethod
    def of(cls, event: TimelineEvent) -> Self:
        """Build it from the answer of analytics."""
        return cls(
            id=event.id,
            type=event.type,
            source=event.source,
            subject=event.subject,
            occurred_at=event.occurred_at,
            data=Json(event.data),
        )


@strawberry.type(description="The number of events of a type.")
class TypeCount:
    """The number of events of a type."""

    type: str = strawberry.field(description="The type.")
    count: Count = strawberry.field(description="The number of its events.")


@strawberry.type(description="The number of events on a day.")
class DayCount:
    """The number of events on a day."""

    date: str = strawberry.field(description="The day, UTC, as in 2026-11-21.")
    count: Count = strawberry.field(description="The number of its events.")


@strawberry.type(description="Counts of events.")
class Stats:
    """Counts of events."""

    total: Count = strawberry.field(description="All events.")
    by_type: list[TypeCount] = strawberry.field(description="Events by type, the most frequent first.")
    by_day: list[DayCount] | None = strawberry.field(
        description="Days with events, oldest first, the last 90 of them; null for one's own."
    )
    users: Count | None = strawberry.field(
        description="The number of accounts; null for one's own, and while user does not answer."
    )


@strawberry.type
class StatisticsQueries:
    """Queries about events."""

    @strawberry.field(description="Counts of all events, for analysts and admins; or of one's own.")
    async def stats(
        self,
        info: Info,
        *,
        mine: Annotated[bool, strawberry.argument(description="Count one's own events.")] = False,
    ) -> Stats | None:
        """Count events."""
        if mine:
            own = await info.context.caller.call(READ_ACTIVITY)
            return Stats(total=Count(own.total), by_type=_by_type(own.by_type), by_day=None, users=None)
        every = await info.context.caller.call(READ_STATISTICS)
        return Stats(
            total=Count(every.total),
            by_type=_by_type(every.by_type),
            by_day=[DayCount(date=day.date, count=Count(day.count)) for day in every.by_day],
            users=None if every.users is None else Count(every.users),
        )


def _by_type(counts: dict[str, int]) -> list[TypeCount]:
    most_first = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return [TypeCount(type=name, count=Count(count)) for name, count in most_first]
