"""``uvicorn analytics.main:build --factory``."""

import asyncio
from time import monotonic

from fastapi import FastAPI

from analytics import inbox
from analytics.counting.aggregate_dirty_minutes import (
    MOST_DIRTY_MINUTES,
    aggregate_dirty_minutes,
    anything_to_count,
)
from analytics.counting.lease import leased
from analytics.counting.measure import measure
from analytics.dashboard import routes as dashboard
from analytics.dashboard.files import read_page
from analytics.ingestion import routes as events
from analytics.ingestion import segment_routes as segment
from analytics.live import routes as watching
from analytics.live.change_stream import Live
from analytics.parts import Parts
from analytics.privacy.purge import purge
from analytics.queries import export_routes as export
from analytics.queries import people_routes as people
from analytics.queries import stats_routes as stats
from analytics.retention import Retention
from analytics.settings import Settings
from chassis.app import create_app
from chassis.core.lifecycle import Periodic
from chassis.mongodb.database import MongoDB

ROUTERS = (
    events.router,
    stats.router,
    people.router,
    export.router,
    watching.router,
    segment.router,
    dashboard.router,
    inbox.router,
)
COUNTS_EVERY_S = 1.0
PAUSE_PER_SECOND = 9
"""Current minutes are counted again and again; counting takes at most a tenth of the time."""
LONGEST_PAUSE_S = 10.0
"""The longest pause of counting, seconds: answers are late by at most this and the time of counting."""
COUNTING = "counting"
"""The name of the lease for counting."""
PURGE_EVERY_S = 60.0
PURGING = "purging"
"""The name of the lease for purging."""
FOLLOWS_AFTER_S = 0.5
"""How soon a failed change stream is opened again, seconds."""


def build() -> FastAPI:
    """Build the analytics service."""
    settings = Settings.load()
    store, live = MongoDB(settings.analytics_mongodb_url, settings.service_name), Live()
    return create_app(
        settings,
        store,
        *ROUTERS,
        periodic=[
            Periodic("count", COUNTS_EVERY_S, lambda: _count(store)),
            Periodic("follow", FOLLOWS_AFTER_S, lambda: _follow(store, live)),
            Periodic("purge", PURGE_EVERY_S, lambda: _purge(store)),
        ],
        own=Parts(settings, Retention(settings.analytics_retention_days), settings.publishers, live, read_page()),
    )


async def _count(store: MongoDB) -> None:
    async with store.use() as database:
        if not await anything_to_count(database):
            return
        async with leased(database, COUNTING) as lease:
            began = monotonic()
            while lease.is_ours and await aggregate_dirty_minutes(database) == MOST_DIRTY_MINUTES:
                began = monotonic()
            await asyncio.sleep(min(LONGEST_PAUSE_S, PAUSE_PER_SECOND * (monotonic() - began)))


async def _purge(store: MongoDB) -> None:
    async with store.use() as database:
        async with leased(database, PURGING) as lease:
            await purge(database, lambda: lease.is_ours)
        await measure(database)


async def _follow(store: MongoDB, live: Live) -> None:
    async with store.use() as database:
        await live.follow(database)
