"""The route that consumes events of other services."""

from fastapi import APIRouter

from analytics.dependencies import Keeping
from analytics.ingestion.publishers import PUBLISHERS
from analytics.ingestion.record_events import record_events
from chassis.core.errors import documented
from chassis.messaging.event_batch import MOST_BODY_BYTES, PATH, Acknowledgement, Delivered, ForeignEvent
from chassis.mongodb.database import Database
from chassis.sealing.access import bodies, repeatable, service
from chassis.web.routing import Route

router = APIRouter(tags=["events"], route_class=Route)


@router.post(PATH, operation_id="hear", responses=documented(ForeignEvent))
@repeatable
@bodies(MOST_BODY_BYTES)
@service(*PUBLISHERS)
async def hear(delivered: Delivered, database: Database, retention: Keeping) -> list[Acknowledgement]:
    """Store a batch of events from a publishing service (sealed); returns an acknowledgement for each."""
    return await record_events(database, retention, delivered)
