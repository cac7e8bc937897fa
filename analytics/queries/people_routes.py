"""Routes for queries about people."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from analytics.errors import EmptyRange, ErasureNotFound, RangeTooWide, TooManyEvents, TooSlow
from analytics.privacy.get_erasure import get_erasure
from analytics.queries.answers import Erasure, Funnel, Retention, TimelineEvent, UniquePeople
from analytics.queries.get_funnel import get_funnel
from analytics.queries.get_retention import get_retention
from analytics.queries.get_timeline import get_timeline
from analytics.queries.get_unique_people import get_unique_people
from analytics.queries.schemas import FunnelQuery, PeopleQuery, RetentionQuery
from chassis.core.problems import documented
from chassis.core.types import Page
from chassis.dependencies import ADMIN, ANALYST
from chassis.mongodb.database import Database, Document
from chassis.sealing.access import optional
from chassis.web.pagination import InvalidCursor, Paging, Slice
from chassis.web.routing import service_router

router = service_router("analytics", "people", "Answers about people.")


@router.get(
    "/users/unique",
    access=optional(),
    auth=ANALYST,
    responses=documented(EmptyRange, RangeTooWide, TooSlow),
)
async def unique_people(query: Annotated[PeopleQuery, Query()], database: Database) -> UniquePeople:
    """Count different people over time, on UTC days."""
    return await get_unique_people(database, query)


@router.get("/funnel", access=optional(), auth=ANALYST, responses=documented(EmptyRange, TooManyEvents, TooSlow))
async def funnel(query: Annotated[FunnelQuery, Query()], database: Database) -> Funnel:
    """Count the people who did several things in order."""
    return await get_funnel(database, query)


@router.get("/retention", access=optional(), auth=ANALYST, responses=documented(TooSlow))
async def retention(query: Annotated[RetentionQuery, Query()], database: Database) -> Retention:
    """Count the people who first appeared in a week, and those who came back."""
    return await get_retention(database, query)


@router.get(
    "/users/{user_id}/timeline",
    access=optional(),
    auth=ANALYST,
    response_model=Page[TimelineEvent],
    responses=documented(InvalidCursor),
)
async def timeline(user_id: Annotated[str, Path(max_length=200)], page: Paging, database: Database) -> Slice[Document]:
    """List a person's events, newest first."""
    return await get_timeline(database, page, user_id)


@router.get("/erasures/{user_id}", access=optional(), auth=ADMIN, responses=documented(ErasureNotFound))
async def erasure(user_id: UUID, database: Database) -> Erasure:
    """Read the record of an erasure."""
    return await get_erasure(database, user_id)
