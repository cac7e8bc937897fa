"""``uvicorn content.main:build --factory``."""

from pathlib import Path

from fastapi import FastAPI

from chassis.app import create_app
from chassis.idempotency.dependency import KEY_EXPIRY
from chassis.messaging.inbox import INBOX_EXPIRY
from chassis.messaging.relay import Relay
from chassis.postgres.database import Postgres
from chassis.postgres.reflected import ReflectedSchema
from content import inbox, routes
from content.events import EVENTS
from content.settings import Settings

COLUMNS = Path(__file__).parent / "orm" / "columns.json"


def build() -> FastAPI:
    """Build the content service."""
    settings = Settings.load()
    store = Postgres(
        settings.content_database_url,
        settings.service_name,
        settings.database_pool_size,
        settings.processes,
        expiries=(KEY_EXPIRY, INBOX_EXPIRY),
    )
    return create_app(
        settings,
        store,
        routes.router,
        inbox.router,
        relay=Relay(settings, store, EVENTS),
        tables=ReflectedSchema(store, COLUMNS),
    )
