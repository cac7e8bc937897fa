"""What events add up to."""

from uuid import UUID

from analytics.schemas.stats import Stats, UserStats
from analytics.services.get_stats import get_stats
from analytics.services.get_user_stats import get_user_stats
from chassis.dispatch.dispatcher import Dispatch
from chassis.mongodb import Database
from chassis.routing import service_router
from chassis.sealing.modes import optional, service

router = service_router("analytics")


@router.get("/stats")
@optional
async def stats(database: Database, dispatcher: Dispatch) -> Stats:
    """Count all events: in all, by type, by day; and how many users there are."""
    return await get_stats(database, dispatcher)


@router.get("/users/{user_id}/stats")
@service("user")
async def user_stats(user_id: UUID, database: Database) -> UserStats:
    """Count one person's events (the user service, sealed)."""
    return await get_user_stats(database, user_id)
