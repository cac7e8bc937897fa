"""What other services announce."""

from fastapi import APIRouter

from analytics.dependencies import Keeping
from analytics.publishers import PUBLISHERS
from analytics.services.record_events import record_events
from chassis.deliveries import MOST_BODY_BYTES, PATH, Delivered, ForeignEvent, Receipt
from chassis.errors import documented
from chassis.mongodb import Database
from chassis.routing import Route
from chassis.sealing.modes import bodies, repeatable, service

router = APIRouter(tags=["events"], route_class=Route)


@router.post(PATH, operation_id="hear", responses=documented(ForeignEvent))
@repeatable
@bodies(MOST_BODY_BYTES)
@service(*PUBLISHERS)
async def hear(delivered: Delivered, database: Database, retention: Keeping) -> list[Receipt]:
    """Take a batch of events (the services that announce them, sealed); says what became of each."""
    return await record_events(database, retention, delivered)
