"""``uvicorn product.main:build --factory``."""

from typing import Any

from fastapi import FastAPI

from chassis.app import create_app
from chassis.core.periodic import Periodic
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
        periodic=[Periodic(1, _expire_reservations), Periodic(PURGE_EVERY_S, _purge_reservations)],
        relay=Relay(settings, store, EVENTS),
    )


async def _purge_reservations(state: Any) -> None:  # noqa: ANN401 - the application's state has no type
    await purge_reservations(state.store)


async def _expire_reservations(state: Any) -> None:  # noqa: ANN401 - the application's state has no type
    expired = BATCH
    while expired == BATCH:
        async with state.store.transaction() as session:
            expired = await expire_reservations(session)
