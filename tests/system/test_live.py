import asyncio
from contextlib import suppress

import httpx
import pytest

from chassis.core.errors import AppError
from chassis.core.types import new_id
from cli.client import client
from cli.dev.polling import eventually
from tests.analytics.dashboard.streams import EVENTS, LIVE, messages_of
from tests.system.stack import Stack

pytestmark = pytest.mark.long


async def test_who_watches_misses_nothing_when_the_database_crashes(stack: Stack) -> None:
    """The stream continues at the position where it was when MongoDB was killed."""
    bearer, address = stack.admin, stack.environment["ANALYTICS_SERVICE_URL"]
    async with (
        client(stack.environment) as dispatcher,
        httpx.AsyncClient(base_url=address, timeout=30) as people,
        people.stream("GET", LIVE, headers=bearer) as response,
    ):
        messages = messages_of(response)
        assert await anext(messages) == ("open", {})
        first = (await dispatcher.send("analytics", "POST", EVENTS, json={"type": "a"})).json()
        await asyncio.to_thread(stack.mongodb.kill)
        await asyncio.to_thread(stack.mongodb.start)
        second = {"type": "b", "id": str(new_id())}

        async def is_recorded() -> bool:
            with suppress(AppError):
                await dispatcher.send("analytics", "POST", EVENTS, json=second)
                return True
            return False

        assert await eventually(is_recorded)
        async with asyncio.timeout(30):
            told = [await anext(messages)]
            while told[-1][1].get("id") != second["id"]:
                told.append(await anext(messages))

    assert [data["id"] for kind, data in told if kind == "message"] == [first["id"], second["id"]]
