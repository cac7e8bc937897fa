"""``uvicorn product.main:build --factory``."""

from fastapi import FastAPI

from chassis.app import create_app
from chassis.core.lifecycle import Periodic
from chassis.idempotency.dependency import KEY_EXPIRY
from chassis.messaging.inbox import INBOX_EXPIRY
from chassis.messaging.relay import Relay
from chassis.postgres.database import Postgres
from product import inbox, reservation_routes, routes
from product.events import EVENTS
from product.expiries import EXPIRIES
from product.services.expire_reservations import BATCH, expire_reservations, is_any_overdue
from product.settings import Settings


def build() -> FastAPI:
    """Build the product service."""
    settings = Settings.load()
    store = Postgres(
        settings.product_database_url,
        settings.service_name,
        settings.database_pool_size,
        settings.processes,
        expiries=(KEY_EXPIRY, INBOX_EXPIRY, *EXPIRIES),
    )
    return create_app(
        settings,
        store,
        routes.router,
        reservation_routes.router,
        inbox.router,
        periodic=[
            Periodic("expire_reservations", 1, lambda: _expire_reservations(store)),
        ],
        relay=Relay(settings, store, EVENTS),
        own=settings,
    )


async def _expire_reservations(store: Postgres) -> None:
    expired = BATCH if await is_any_overdue(store) else 0
    while expired == BATCH:
        async with store.transaction() as session:
            expired = await expire_reservations(session)
