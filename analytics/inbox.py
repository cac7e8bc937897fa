"""The route that consumes events of other services."""

from analytics.dependencies import Keeping
from analytics.ingestion.record_events import record_events
from chassis.core.problems import documented
from chassis.idempotency.kinds import REPEATABLE
from chassis.messaging.event_batch import MOST_BODY_BYTES, PATH, Acknowledgement, Delivered, ForeignEvent
from chassis.mongodb.database import Database
from chassis.sealing.access import service
from chassis.web.routing import Router

router = Router("", "deliveries", "Events that other services deliver.")


@router.post(
    PATH, access=service(), idempotency=REPEATABLE, max_body=MOST_BODY_BYTES, responses=documented(ForeignEvent)
)
async def consume_events(delivered: Delivered, database: Database, retention: Keeping) -> list[Acknowledgement]:
    """Store a batch of events from a publishing service; returns an acknowledgement for each."""
    return await record_events(database, retention, delivered)
