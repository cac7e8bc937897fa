"""``uvicorn order.main:build --factory``."""

from typing import Any

from fastapi import FastAPI

from chassis.app import create_app
from chassis.core.periodic import Periodic
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
    pool = settings.database_pool_size, settings.processes
    store = Postgres(settings.order_database_url, settings.service_name, *pool)
    periodic = [Periodic(1, _resume_orders), Periodic(MEASURE_EVERY_S, _measure_orders)]
    return create_app(settings, store, router, periodic=periodic, relay=Relay(settings, store, EVENTS))


async def _resume_orders(state: Any) -> None:  # noqa: ANN401 - the application's state has no type
    await resume_orders(state.store, state.background)


async def _measure_orders(state: Any) -> None:  # noqa: ANN401
    async with state.store.transaction() as session:
        await measure_orders(session)
