"""Reading server-sent events."""

import re
from collections.abc import AsyncIterator

import httpx
import orjson

EVENTS, LIVE = "/api/v1/analytics/events", "/api/v1/analytics/events/live"
Messages = AsyncIterator[tuple[str, dict[str, object]]]


async def messages_of(response: httpx.Response) -> Messages:
    """Yield the messages of a stream: kind and data."""
    kind = "message"
    async for line in response.aiter_lines():
        if field := re.fullmatch(r"event: (\w+)", line):
            kind = field[1]
        elif line.startswith("data: "):
            yield kind, orjson.loads(line.removeprefix("data: "))
            kind = "message"
