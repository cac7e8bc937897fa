"""``uvicorn order.main:build --factory``."""

from fastapi import FastAPI

from chassis.app import create_app
from chassis.application import application_of
from chassis.core.lifecycle import Periodic
from chassis.idempotency.dependency import KEY_EXPIRY
from chassis.messaging.relay import Relay
from chassis.postgres.database import Postgres
from order.events import EVENTS
from order.metrics import MEASURE_EVERY_S, measure_orders
from order.routes import router
from order.services.resume_orders import resume_orders
from order.settings import Settings


def build() -> FastAPI:
    """Build the order service."""
    settings = Settings.load()
    store = Postgres(
        settings.order_database_url,
        settings.service_name,
        settings.database_pool_size,
        settings.processes,
        expiries=(KEY_EXPIRY,),
    )
    app = create_app(
        settings,
        store,
        router,
        periodic=[
            Periodic("resume_orders", 1, lambda: resume_orders(store, application_of(app).background)),
            Periodic("measure_orders", MEASURE_EVERY_S, lambda: _measure_orders(store)),
        ],
        relay=Relay(settings, store, EVENTS),
    )
    return app


async def _measure_orders(store: Postgres) -> None:
    async with store.transaction() as session:
        await measure_orders(session)
