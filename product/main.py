"""``uvicorn product.main:build --factory``."""

from fastapi import FastAPI

from chassis.app import create_app
from chassis.idempotency.dependency import KEY_EXPIRY
from chassis.messaging.relay import Relay
from chassis.postgres.database import Postgres
from product import routes
from product.events import EVENTS
from product.expiries import EXPIRIES

# --- about order ---
from product.for_orders import EXPIRIES as ORDERS_EXPIRIES
from product.for_orders import ROUTERS as ORDERS_ROUTERS
from product.for_orders import expiring

# --- end about order ---
from product.settings import Settings


def build() -> FastAPI:
    """Build the product service."""
    settings = Settings.load()
    store = Postgres(
        settings.product_database_url,
        settings.service_name,
        settings.database_pool_size,
        settings.processes,
        expiries=(
            KEY_EXPIRY,
            *EXPIRIES,
            # --- about order ---
            *ORDERS_EXPIRIES,
            # --- end about order ---
        ),
    )
    return create_app(
        settings,
        store,
        routes.router,
        # --- about order ---
        *ORDERS_ROUTERS,
        periodic=[expiring(store)],
        # --- end about order ---
        relay=Relay(settings, store, EVENTS),
        own=settings,
    )
