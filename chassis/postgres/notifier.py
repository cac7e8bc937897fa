"""Notifying relays of new events, outside the transactions that publish them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

from chassis.core.errors import AppError
from chassis.postgres.statements import Statement

CHANNEL = "outbox"
"""The channel; the payload is the name of the consumer."""
GATHER_S = 0.02
"""Between two notifications of a process; events published meanwhile share one."""
NOTIFY = Statement("SELECT pg_notify('outbox', unnest(CAST(:listeners AS text[])))")


class Notifier:
    """
    Notifies of committed events, at once or 20 ms after the last notification.

    It does not notify in their transactions: PostgreSQL commits notifying transactions one at a time, each with a write
    to disk. If a process is killed in between, relays find the event when they poll (``delivery_worker.LOOK_S``).

    Args:
        send: Notifies of events for these consumers.
    """

    def __init__(self, send: Callable[[list[str]], Awaitable[object]]) -> None:
        self._send = send
        self._listeners = set[str]()
        self._notifying: asyncio.Task[None] | None = None

    def notify(self, listeners: Iterable[str]) -> None:
        """Notify relays that there are events for these consumers."""
        self._listeners.update(listeners)
        if self._notifying is None or self._notifying.done():
            self._notifying = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while self._listeners:
            listeners, self._listeners = list(self._listeners), set()
            with suppress(AppError):  # relays also poll
                await self._send(listeners)
            await asyncio.sleep(GATHER_S)

    async def aclose(self) -> None:
        """Send the notifications that are still due."""
        if self._notifying:
            await asyncio.gather(self._notifying, return_exceptions=True)
