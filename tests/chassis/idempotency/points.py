"""What a test makes happen at a point of a route."""

import asyncio
from collections.abc import Awaitable, Callable

from chassis.core.errors import ServiceUnavailable

Point = Callable[[str], Awaitable[None]]
"""Called when a route reaches a point of this name."""


async def go_on(_point: str) -> None:
    """Do nothing."""


def dying(at: str) -> Point:
    """End the request at a point, without another statement or an answer, as if its process were killed."""

    async def die(point: str) -> None:
        if point == at:
            task = asyncio.current_task()
            assert task
            task.cancel()
            await asyncio.sleep(0)

    return die


def failing(at: str) -> Point:
    """Fail at a point."""

    async def fail(point: str) -> None:
        if point == at:
            raise ServiceUnavailable

    return fail


class Gate:
    """Blocks each request that reaches a point until the test opens it."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def __call__(self, _point: str) -> None:
        """Wait."""
        self.reached.set()
        await self.opened.wait()
