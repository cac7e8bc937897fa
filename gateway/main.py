"""``uvicorn gateway.main:build --factory``."""

from fastapi import FastAPI

from chassis.app import create_app
from chassis.postgres.database import Postgres
from gateway.front_door.description import describe_services
from gateway.front_door.routes import front_door
from gateway.front_door.table import read_table
from gateway.settings import Settings


def build() -> FastAPI:
    """Build the gateway service."""
    settings = Settings.load()
    store = Postgres(
        settings.gateway_database_url, settings.service_name, settings.database_pool_size, settings.processes
    )
    app = create_app(settings, store, front_door(read_table(), settings.max_body_bytes))
    describe_services(app)
    return app
