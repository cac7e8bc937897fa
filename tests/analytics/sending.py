"""Sending events, and reading stored ones."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx

from chassis.mongodb.database import Document, MongoDB

EVENTS = "/api/v1/analytics/events"
BATCH = f"{EVENTS}/batch"
CLOUD_EVENT = "application/cloudevents+json"
CLOUD_EVENTS = "application/cloudevents-batch+json"
Stored = Callable[[], Awaitable[list[Document]]]
"""Reads the stored events, the oldest first."""


async def read_stored(store: MongoDB) -> list[Document]:
    """Read the stored events, in the order of their times."""
    async with store.use() as database:
        return [event async for event in database["events"].find().sort("occurred_at")]


def typed(headers: dict[str, str] | None = None, content_type: str = "application/json") -> dict[str, str]:
    """The headers of a body that is written by hand."""
    return {"Content-Type": content_type, **(headers or {})}


def nested(depth: int) -> dict[str, Any]:
    """An object nested this deep."""
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"in": value}
    return value


def page(**more: object) -> dict[str, Any]:
    """An event."""
    return {"id": str(uuid4()), "type": "page.viewed", **more}


async def send(client: httpx.AsyncClient, *events: object) -> list[dict[str, Any]]:
    """Send a batch; returns the outcomes of its events."""
    response = await client.post(BATCH, json={"events": events})
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items
