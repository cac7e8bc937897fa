"""``uvicorn sample_record.main:build --factory``."""

from fastapi import FastAPI

from chassis.app import create_app
from chassis.idempotency.dependency import KEY_EXPIRY
from chassis.messaging.inbox import INBOX_EXPIRY
from chassis.messaging.relay import Relay
from chassis.postgres.database import Postgres
from sample_record import inbox, routes
from sample_record.events import EVENTS
from sample_record.settings import Settings

ROUTERS = (routes.router, inbox.router)


def build() -> FastAPI:
    """Build the sample record service."""
    settings = Settings.load()
    store = Postgres(
        settings.sample_record_database_url,
        settings.service_name,
        settings.database_pool_size,
        settings.processes,
        expiries=(KEY_EXPIRY, INBOX_EXPIRY),
    )
    return create_app(settings, store, *ROUTERS, relay=Relay(settings, store, EVENTS))
