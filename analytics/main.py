"""``uvicorn analytics.main:build --factory``."""

from fastapi import FastAPI

from analytics.routes import events, router
from analytics.settings import Settings
from chassis.app import create_app
from chassis.mongodb import MongoDB


def build() -> FastAPI:
    """Build the analytics service."""
    settings = Settings.load()
    return create_app(settings, MongoDB(settings.analytics_mongodb_url, settings.service_name), router, events)
