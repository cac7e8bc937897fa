"""``uvicorn analytics.main:build --factory``."""

from fastapi import FastAPI

from analytics.routes import events, inbox, stats
from analytics.settings import Settings
from chassis.app import create_app
from chassis.mongodb import MongoDB

ROUTERS = (events.router, stats.router, inbox.router)


def build() -> FastAPI:
    """Build the analytics service."""
    settings = Settings.load()
    return create_app(settings, MongoDB(settings.analytics_mongodb_url, settings.service_name), *ROUTERS)
