"""Events with known numbers for the dashboard."""

from datetime import timedelta
from uuid import UUID

from analytics.counting.aggregate_dirty_minutes import aggregate_dirty_minutes
from analytics.counting.counts import DAY, floor
from analytics.ingestion.store_events import store_events
from chassis.core.clock import utc_now
from chassis.messaging.event import source_of
from chassis.mongodb.database import MotorDatabase
from tests.analytics.counting import event

ADA, BOB, EVE = (str(UUID(int=number)) for number in (1, 2, 3))
TEAPOT = "0197a6b2-0000-7000-8000-000000000000"


async def seed(database: MotorDatabase) -> None:
    """Yesterday two people came; today three, of whom one registers and orders two teapots."""
    now = utc_now()
    # Soon after midnight ten minutes ago was another day.
    earlier = min(timedelta(minutes=10), (now - floor(now, DAY)) / 2)
    yesterday, shortly = now - timedelta(days=1) - earlier, now - timedelta(seconds=3)
    items = [{"product_id": TEAPOT, "quantity": 2, "unit_price_minor": 999}]
    order = {"revenue": {"currency": "EUR", "minor": 1998}, "data": {"items": items, "currency": "EUR"}}
    views = [event(yesterday, user_id=ADA), event(yesterday, user_id=BOB)]
    views += [event(shortly, user_id=person) for person in (ADA, BOB, EVE)]
    registered = event(shortly + timedelta(seconds=1), "user.registered", user_id=ADA)
    ordered = event(shortly + timedelta(seconds=2), "order.confirmed", user_id=ADA, source=source_of("order"), **order)
    teapot = {"source": source_of("product"), "subject": TEAPOT, "data": {"name": "Teapot"}}
    created = event(now - timedelta(days=100), "product.created", **teapot)
    await store_events(database, [created, *views, registered, ordered])
    await aggregate_dirty_minutes(database)
