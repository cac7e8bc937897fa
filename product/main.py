"""``uvicorn product.main:build --factory``."""

from fastapi import FastAPI

from chassis.app import create_app
from chassis.core.lifecycle import Periodic
from chassis.messaging.relay import Relay
from chassis.postgres.database import Postgres
from chassis.postgres.purge import PURGE_EVERY_S
from product import inbox, reservation_routes, routes
from product.events import EVENTS
from product.services.expire_reservations import BATCH, expire_reservations
from product.services.purge_reservations import purge_reservations
from product.settings import Settings


def build() -> FastAPI:
    """Build the product service."""
    settings = Settings.load()
    pool = settings.database_pool_size, settings.processes
    store = Postgres(settings.product_database_url, settings.service_name, *pool)
    return create_app(
        settings,
        store,
        routes.router,
        reservation_routes.router,
        inbox.router,
        periodic=[
            Periodic("expire_reservations", 1, lambda: _expire_reservations(store)),
            Periodic("purge_reservations", PURGE_EVERY_S, lambda: purge_reservations(store)),
        ],
        relay=Relay(settings, store, EVENTS),
        own=settings,
    )


async def _expire_reservations(store: Postgres) -> None:
    expired = BATCH
    while expired == BATCH:
        async with store.transaction() as session:
            expired = await expire_reservations(session)
