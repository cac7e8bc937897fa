"""``uvicorn sample_document.main:build --factory``."""

from fastapi import FastAPI

from chassis.app import create_app
from chassis.mongodb.database import MongoDB
from sample_document import inbox, routes
from sample_document.settings import Settings

ROUTERS = (routes.router, inbox.router)


def build() -> FastAPI:
    """Build the sample document service."""
    settings = Settings.load()
    return create_app(settings, MongoDB(settings.sample_document_mongodb_url, settings.service_name), *ROUTERS)
