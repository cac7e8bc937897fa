"""``uvicorn analytics.main:build --factory``."""

from typing import Any

from fastapi import FastAPI

from analytics.dashboard_files import read_page
from analytics.live import Live
from analytics.routes import dashboard, events, inbox, live, stats
from analytics.settings import Settings
from chassis.app import create_app
from chassis.mongodb import MongoDB
from chassis.periodic import Periodic

ROUTERS = (events.router, stats.router, live.router, dashboard.router, inbox.router)


def build() -> FastAPI:
    """Build the analytics service."""
    settings = Settings.load()
    store = MongoDB(settings.analytics_mongodb_url, settings.service_name)
    app = create_app(settings, store, *ROUTERS, periodic=[Periodic(0.5, _follow_events)])
    app.state.live = Live()
    app.state.page_files = read_page()
    return app


async def _follow_events(state: Any) -> None:  # noqa: ANN401 - the application's state has no type
    async with state.store.use() as database:
        await state.live.follow(database)
