"""``uvicorn sample_row.main:build --factory``."""

from pathlib import Path

from fastapi import FastAPI

from chassis.app import create_app
from chassis.idempotency.dependency import KEY_EXPIRY
from chassis.postgres.database import Postgres
from chassis.postgres.reflected import ReflectedSchema
from sample_row.routes import router
from sample_row.settings import Settings

COLUMNS = Path(__file__).parent / "orm" / "columns.json"


def build() -> FastAPI:
    """Build the sample row service."""
    settings = Settings.load()
    store = Postgres(
        settings.sample_row_database_url,
        settings.service_name,
        settings.database_pool_size,
        settings.processes,
        expiries=(KEY_EXPIRY,),
    )
    return create_app(settings, store, router, tables=ReflectedSchema(store, COLUMNS))
