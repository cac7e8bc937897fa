"""What other services announce."""

from fastapi import APIRouter

from analytics.dependencies import Keeping
from analytics.publishers import PUBLISHERS
from analytics.services.record_events import record_events
from chassis.deliveries import PATH, Delivered, Receipt
from chassis.mongodb import Database
from chassis.routing import Route
from chassis.sealing.modes import service

router = APIRouter(tags=["events"], route_class=Route)


@router.post(PATH, operation_id="hear")
@service(*PUBLISHERS)
async def hear(delivered: Delivered, database: Database, retention: Keeping) -> list[Receipt]:
    """Take a batch of events (the services that announce them, sealed); says what became of each."""
    return await record_events(database, retention, delivered)
