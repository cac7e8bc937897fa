"""``uvicorn analytics.main:build --factory``."""

import asyncio
from time import monotonic
from typing import Any

from fastapi import FastAPI

from analytics.dashboard_files import read_page
from analytics.door import Door
from analytics.lease import leased
from analytics.live import Live
from analytics.retention import Retention
from analytics.routes import dashboard, events, export, inbox, live, people, segment, stats
from analytics.services.fold_arrivals import MOST_ARRIVALS, fold_arrivals
from analytics.services.measure import measure
from analytics.services.purge import purge
from analytics.settings import Settings
from chassis.app import create_app
from chassis.mongodb import MongoDB
from chassis.periodic import Periodic

ROUTERS = (
    events.router,
    stats.router,
    people.router,
    export.router,
    live.router,
    segment.router,
    dashboard.router,
    inbox.router,
)
COUNTS_EVERY_S = 1.0
PAUSE_PER_SECOND = 9
"""The minutes of now are counted again and again: that takes a tenth of the time at most."""
LONGEST_PAUSE_S = 10.0
"""However much there is to count, answers are no further behind than by this and what counting takes."""
COUNTING = "counting"
"""What a process leases while it counts."""
PURGE_EVERY_S = 60.0
PURGING = "purging"
"""What a process leases while it deletes what is no longer kept."""
FOLLOWS_AFTER_S = 0.5
"""How soon the change stream is opened again when it has failed."""


def build() -> FastAPI:
    """Build the analytics service."""
    settings = Settings.load()
    store = MongoDB(settings.analytics_mongodb_url, settings.service_name)
    periodic = [Periodic(COUNTS_EVERY_S, _count), Periodic(FOLLOWS_AFTER_S, _follow), Periodic(PURGE_EVERY_S, _purge)]
    app = create_app(settings, store, *ROUTERS, periodic=periodic)
    app.state.retention = Retention(settings.analytics_retention_days)
    app.state.live = Live()
    app.state.door = Door()
    app.state.page_files = read_page()
    return app


async def _count(state: Any) -> None:  # noqa: ANN401 - the application's state has no type
    async with state.store.use() as database, leased(database, COUNTING) as lease:
        began = monotonic()
        while lease.is_ours and await fold_arrivals(database) == MOST_ARRIVALS:
            began = monotonic()
        await asyncio.sleep(min(LONGEST_PAUSE_S, PAUSE_PER_SECOND * (monotonic() - began)))


async def _purge(state: Any) -> None:  # noqa: ANN401
    async with state.store.use() as database:
        async with leased(database, PURGING) as lease:
            await purge(database, lambda: lease.is_ours)
        await measure(database)


async def _follow(state: Any) -> None:  # noqa: ANN401
    async with state.store.use() as database:
        await state.live.follow(database)
