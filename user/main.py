"""``uvicorn user.main:build --factory``."""

from fastapi import FastAPI

from chassis.app import create_app
from chassis.auth.tokens import TokenIssuer
from chassis.postgres import Postgres
from user.routes import router, well_known
from user.settings import Settings


def build() -> FastAPI:
    """Build the user service."""
    settings = Settings.load()
    issuer = TokenIssuer(settings.jwt_private_key.get_secret_value(), settings.jwt_issuer, settings.jwt_audience)
    pool = settings.database_pool_size, settings.processes
    store = Postgres(settings.user_database_url, settings.service_name, *pool)
    return create_app(settings, store, router, well_known, issuer=issuer)
