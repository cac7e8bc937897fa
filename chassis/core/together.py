"""Running coroutines that belong together."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def together(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    """
    Run all concurrently and return the results in order.

    Unlike ``asyncio.gather``, nothing continues in the background when one fails: the others are cancelled, and have
    ended when the error is raised.

    Raises:
        Exception: The error of the first one that failed.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    return [task.result() for task in tasks]
