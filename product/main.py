"""``uvicorn product.main:build --factory``."""

from fastapi import FastAPI

from chassis.app import create_app
from chassis.postgres import Postgres
from product.routes import router
from product.settings import Settings


def build() -> FastAPI:
    """Build the product service."""
    settings = Settings.load()
    pool = settings.database_pool_size, settings.processes
    return create_app(settings, Postgres(settings.product_database_url, settings.service_name, *pool), router)
