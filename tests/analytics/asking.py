"""Querying analytics in tests."""

from collections.abc import Sequence
from typing import Any

import httpx

from analytics.counting.aggregate_dirty_minutes import aggregate_dirty_minutes
from analytics.ingestion.store_events import store_events
from chassis.mongodb.database import Document, MotorDatabase


class Ask:
    """Queries as an analyst: ``await ask("top", property="path")`` returns the answer."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self._client = client
        self._headers = headers

    async def __call__(self, question: str, **values: str | int | Sequence[str]) -> Any:  # noqa: ANN401 - JSON
        """Return the answer; ``since`` and ``to`` are the range."""
        response = await self.response(question, **values)
        assert response.status_code == 200, response.text
        return response.json()

    async def response(self, question: str, **values: str | int | Sequence[str]) -> httpx.Response:
        """Return the response."""
        named = {"from" if name == "since" else name: value for name, value in values.items()}
        return await self._client.get(f"/api/v1/analytics/{question}", params=named, headers=self._headers)

    async def refusal(self, question: str, **values: str | int | Sequence[str]) -> tuple[int, str]:
        """Return status and code of a refusal."""
        response = await self.response(question, **values)
        return response.status_code, response.json()["code"]


async def count(database: MotorDatabase, *events: Document) -> None:
    """Store events and count them."""
    await store_events(database, events)
    await aggregate_dirty_minutes(database)
