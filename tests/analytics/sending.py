"""Sending events, and looking at what is stored."""

from collections.abc import Awaitable, Callable
from typing import Any

from chassis.mongodb.database import Document, MongoDB

EVENTS = "/api/v1/analytics/events"
BATCH = f"{EVENTS}/batch"
CLOUD_EVENT = "application/cloudevents+json"
CLOUD_EVENTS = "application/cloudevents-batch+json"

Stored = Callable[[], Awaitable[list[Document]]]
"""Reads the events that are stored, the oldest first."""


async def read_stored(store: MongoDB) -> list[Document]:
    """Read the events that are stored, in the order in which they happened."""
    async with store.use() as database:
        return [event async for event in database["events"].find().sort("occurred_at")]


def typed(headers: dict[str, str] | None = None, content_type: str = "application/json") -> dict[str, str]:
    """The headers of a body that is written by hand."""
    return {"Content-Type": content_type, **(headers or {})}


def nested(depth: int) -> dict[str, Any]:
    """An object with so many objects in each other."""
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"in": value}
    return value
