"""Reading the databases of all services, to compare them: they agree only while no request is in progress."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from chassis.mongodb.database import MongoDB, MotorDatabase
from chassis.postgres.database import Postgres
from cli.databases import opened
from cli.environment import store_url
from cli.services import find_service

Rules = dict[str, list[str]]
"""Rule -> the entries that break it."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The databases whose addresses are in an environment."""

    environment: Mapping[str, str]

    async def rows(self, service: str, *statements: str) -> list[list[Any]]:
        """Return the rows of statements, run in one snapshot of a service's PostgreSQL."""
        url = store_url(find_service(service), self.environment)
        async with opened(Postgres(url, "invariants")) as database, database.transaction() as session:
            await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            return [list((await session.execute(text(one))).all()) for one in statements]

    async def events(self, types: str) -> Counter[tuple[str, str]]:
        """Return how often analytics has each event, by its type, which must match a pattern, and its subject."""
        wanted = {"type": {"$regex": types}, "subject": {"$ne": None}}
        async with self.analytics() as database:
            found = database["events"].find(wanted, {"type": 1, "subject": 1})
            return Counter([(event["type"], event["subject"]) async for event in found])

    @asynccontextmanager
    async def analytics(self) -> AsyncIterator[MotorDatabase]:
        """Open the database of analytics for the block."""
        url = store_url(find_service("analytics"), self.environment)
        async with opened(MongoDB(url, "invariants")) as database, database.use() as collections:
            yield collections


def named(events: Iterable[tuple[str, str]]) -> list[str]:
    """Return types and subjects as text, sorted."""
    return sorted(f"{event_type} {subject}" for event_type, subject in events)


def repeated(events: Counter[tuple[str, str]]) -> list[str]:
    """Return the events that are there more than once, as text."""
    return named(one for one, times in events.items() if times > 1)
