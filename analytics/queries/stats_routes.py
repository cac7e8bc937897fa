"""Routes for counts of events."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from analytics.dependencies import STATISTICS_READER
from analytics.errors import EmptyRange, MinutesGone, RangeTooWide, TooManyEvents, TooSlow
from analytics.queries.answers import RevenueOverTime, Timeseries, Top, TopProducts
from analytics.queries.get_revenue import get_revenue
from analytics.queries.get_stats import get_stats
from analytics.queries.get_timeseries import get_timeseries
from analytics.queries.get_top import get_top
from analytics.queries.get_top_products import get_top_products
from analytics.queries.get_user_stats import get_user_stats
from analytics.queries.schemas import RevenueQuery, StatsQuery, TimeseriesQuery, TopProductsQuery, TopQuery
from analytics.queries.stats_schemas import Stats, UserStats
from chassis.core.problems import documented
from chassis.dependencies import ANALYST, Dispatch
from chassis.mongodb.database import Database
from chassis.sealing.access import optional, service
from chassis.web.routing import service_router

router = service_router("analytics", "statistics", "Counts of events, and revenue.")


@router.get("/stats", access=optional(), auth=STATISTICS_READER, responses=documented(EmptyRange))
async def stats(query: Annotated[StatsQuery, Query()], database: Database, dispatcher: Dispatch) -> Stats:
    """Count events in total, by type and by day, and users."""
    return await get_stats(database, dispatcher, query)


@router.get("/users/{user_id}/stats", access=service("user"))
async def user_stats(user_id: UUID, database: Database) -> UserStats:
    """Count one person's events."""
    return await get_user_stats(database, user_id)


@router.get(
    "/timeseries",
    access=optional(),
    auth=ANALYST,
    responses=documented(EmptyRange, RangeTooWide, MinutesGone, TooManyEvents, TooSlow),
)
async def timeseries(query: Annotated[TimeseriesQuery, Query()], database: Database) -> Timeseries:
    """Count events over time: together, by type or by a property."""
    return await get_timeseries(database, query)


@router.get("/top", access=optional(), auth=ANALYST, responses=documented(EmptyRange, TooManyEvents, TooSlow))
async def top(query: Annotated[TopQuery, Query()], database: Database) -> Top:
    """Count events by the most frequent values of a property."""
    return await get_top(database, query)


@router.get("/products/top", access=optional(), auth=ANALYST, responses=documented(EmptyRange, TooManyEvents, TooSlow))
async def top_products(query: Annotated[TopProductsQuery, Query()], database: Database) -> TopProducts:
    """Add up units and revenue by product."""
    return await get_top_products(database, query)


@router.get("/revenue", access=optional(), auth=ANALYST, responses=documented(EmptyRange, RangeTooWide, MinutesGone))
async def revenue(query: Annotated[RevenueQuery, Query()], database: Database) -> RevenueOverTime:
    """Add up confirmed orders over time, by currency."""
    return await get_revenue(database, query)
