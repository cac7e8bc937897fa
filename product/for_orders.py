"""What product does for the order service: it reserves stock, and consumes the events that end an order."""

from chassis.core.lifecycle import Periodic
from chassis.messaging.inbox import INBOX_EXPIRY
from chassis.postgres.database import Postgres
from product import inbox, reservation_routes
from product.services.expire_reservations import BATCH, expire_reservations, is_any_overdue

EXPIRIES = (INBOX_EXPIRY,)
ROUTERS = (reservation_routes.router, inbox.router)


def expiring(store: Postgres) -> Periodic:
    """Return the work that expires reservations, once a second."""
    return Periodic("expire_reservations", 1, lambda: _expire_reservations(store))


async def _expire_reservations(store: Postgres) -> None:
    expired = BATCH if await is_any_overdue(store) else 0
    while expired == BATCH:
        async with store.transaction() as session:
            expired = await expire_reservations(session)
