"""The route that consumes events of other services."""

from chassis.core.problems import documented
from chassis.idempotency.kinds import REPEATABLE
from chassis.messaging.event_batch import (
    MOST_BODY_BYTES,
    NOT_HANDLED,
    PATH,
    UNKNOWN_TYPE,
    Acknowledgement,
    CloudEvent,
    Delivered,
    ForeignEvent,
    acknowledge,
)
from chassis.mongodb.database import Database, MotorDatabase
from chassis.sealing.access import service
from chassis.web.routing import Router
from sample_document.services.erase_person import erase_person

router = Router("", "deliveries", "Events that other services deliver.")


@router.post(
    PATH, access=service("user"), idempotency=REPEATABLE, max_body=MOST_BODY_BYTES, responses=documented(ForeignEvent)
)
async def consume_events(delivered: Delivered, database: Database) -> list[Acknowledgement]:
    """Consume a batch of events from their publisher; returns the outcome of each."""
    return [await _take(database, event) for event in delivered]


async def _take(database: MotorDatabase, event: CloudEvent) -> Acknowledgement:
    """Handle an event, which may arrive several times: each handler must be repeatable."""
    if event.type != "user.deleted" or event.subject is None:
        return acknowledge(event, "refused", NOT_HANDLED, UNKNOWN_TYPE)
    await erase_person(database, event.subject)
    return acknowledge(event, "accepted")
