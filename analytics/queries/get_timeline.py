"""Listing the events of a person."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from analytics.models import EVENTS
from analytics.queries.filters import of_person
from chassis.mongodb.database import Document, MotorDatabase
from chassis.web.pagination import PageRequest, Position, Slice

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


async def get_timeline(database: MotorDatabase, page: PageRequest, user_id: str) -> Slice[Document]:
    """Return a page of a person's events, newest first."""
    condition = {**of_person(user_id), **_after(page.position)}
    newest = database[EVENTS].find(condition).sort([("occurred_at", -1), ("_id", -1)]).limit(page.limit + 1)
    rows = [row async for row in newest]
    return page.slice(rows, lambda row: UUID(row["_id"]), lambda row: (row["occurred_at"] - _EPOCH) // _MILLISECOND)


def _after(position: Position | None) -> Document:
    if position is None:
        return {}
    at = _EPOCH + int(position.key or 0) * _MILLISECOND
    return {"$or": [{"occurred_at": {"$lt": at}}, {"occurred_at": at, "_id": {"$lt": str(position.id)}}]}
