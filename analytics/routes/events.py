"""Events that clients send."""

from fastapi import Response

from analytics.schemas.events import EventCreate, EventRead
from analytics.services.record_event import record_event
from chassis.mongodb import Database
from chassis.routing import service_router
from chassis.sealing.modes import encrypted

router = service_router("analytics")


@router.post("/events", status_code=201, responses={200: {"model": EventRead, "description": "It was there already"}})
@encrypted
async def record(body: EventCreate, database: Database, response: Response) -> EventRead:
    """Record an event (a CloudEvent); the same id twice is counted once."""
    result = await record_event(database, body)
    if result.status == "duplicate":
        response.status_code = 200
    return result
