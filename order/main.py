"""``uvicorn order.main:build --factory``."""

from fastapi import FastAPI

from chassis.app import create_app
from chassis.postgres import Postgres
from order.routes import router
from order.settings import Settings


def build() -> FastAPI:
    """Build the order service."""
    settings = Settings.load()
    pool = settings.database_pool_size, settings.processes
    return create_app(settings, Postgres(settings.order_database_url, settings.service_name, *pool), router)
