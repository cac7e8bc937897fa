"""``uvicorn sample_view.main:build --factory``."""

from fastapi import FastAPI

from chassis.app import create_app
from sample_view.routes import router
from sample_view.settings import Settings


def build() -> FastAPI:
    """Build the sample view service."""
    return create_app(Settings.load(), None, router)
