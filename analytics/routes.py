"""Routes of the analytics service."""

from uuid import UUID

from fastapi import APIRouter, Response

from analytics.schemas import EventCreate, EventRead, Stats, UserStats
from analytics.services.get_stats import get_stats
from analytics.services.get_user_stats import get_user_stats
from analytics.services.record_event import record_event
from analytics.services.record_events import record_events
from chassis.deliveries import PATH, Delivered, Receipt
from chassis.dispatch.dispatcher import Dispatch
from chassis.mongodb import Database
from chassis.routing import Route, service_router
from chassis.sealing.modes import encrypted, optional, service

router = service_router("analytics")
events = APIRouter(tags=["events"], route_class=Route)


@events.post(PATH, operation_id="hear")
@service("order", "product", "user")
async def hear(delivered: Delivered, database: Database) -> list[Receipt]:
    """Take a batch of events (the services that announce them, sealed); says what became of each."""
    return await record_events(database, delivered)


@router.post("/events", status_code=201, responses={200: {"model": EventRead, "description": "It was there already"}})
@encrypted
async def record(body: EventCreate, database: Database, response: Response) -> EventRead:
    """Record an event (a CloudEvent); the same id twice is counted once."""
    result = await record_event(database, body)
    if result.status == "duplicate":
        response.status_code = 200
    return result


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
