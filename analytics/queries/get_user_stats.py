"""Counting one person's events."""

from uuid import UUID

from analytics.models import EVENTS
from analytics.queries.filters import of_person
from analytics.queries.stats_schemas import UserStats
from chassis.mongodb.database import Document, MotorDatabase


async def get_user_stats(database: MotorDatabase, user_id: UUID) -> UserStats:
    """Count a person's events in total and by type."""
    pipeline: list[Document] = [
        {"$match": of_person(str(user_id))},
        {"$group": {"_id": "$type", "count": {"$sum": 1}}},
    ]
    by_type = {row["_id"]: row["count"] async for row in database[EVENTS].aggregate(pipeline)}
    return UserStats(total=sum(by_type.values()), by_type=by_type)
