"""
SQLAlchemy's pool, fair and with gauges, from which single statements take a connection of the driver without a session.

asyncio's queue, which SQLAlchemy uses, wakes the caller that has waited longest, but lets another take the connection
before it runs; it then waits behind all others. Under load some callers wait until their timeout.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from time import time
from typing import Any

from asyncpg import PostgresError, Record
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.util.concurrency import await_, greenlet_spawn
from sqlalchemy.util.queue import AsyncAdaptedQueue, Empty

from chassis.postgres.errors import hide_values, is_of_useless_connection
from chassis.telemetry.metrics import POOL_IN_USE, POOL_WAITING

_NAME = "postgres"


class _FairQueue(AsyncAdaptedQueue[ConnectionPoolEntry]):
    """The free connections; a returned one is handed to the caller that has waited longest."""

    @cached_property
    def _waiters(self) -> deque[asyncio.Future[ConnectionPoolEntry]]:
        return deque()

    def put_nowait(self, item: ConnectionPoolEntry) -> None:
        """Hand a connection to the first in line, or store it."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(item)
                return
        super().put_nowait(item)

    def get(self, block: bool = True, timeout: float | None = None) -> ConnectionPoolEntry:  # noqa: FBT001, FBT002 - SQLAlchemy's
        """
        Return a free connection, or wait in line.

        Raises:
            Empty: None became free in time.
        """
        # There is a free one only while none waits.
        if not block or not self.empty():
            return self.get_nowait()
        return await_(self._wait(timeout))

    async def _wait(self, timeout_s: float | None) -> ConnectionPoolEntry:
        waiter: asyncio.Future[ConnectionPoolEntry] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(timeout_s):
                return await waiter
        except BaseException as error:
            if waiter.done() and not waiter.cancelled():
                self.put_nowait(waiter.result())
            with suppress(ValueError):  # its turn had come
                self._waiters.remove(waiter)
            if isinstance(error, TimeoutError):
                raise Empty from error
            raise


class FairPool(AsyncAdaptedQueuePool):
    """The connections of a process, for sessions and for single statements."""

    _queue_class = _FairQueue

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        super().__init__(*args, **kwargs)
        self._in_use, self._waiting = POOL_IN_USE.labels(_NAME), POOL_WAITING.labels(_NAME)

    async def fetch(self, sql: str, values: Iterable[object]) -> list[Record]:
        """
        Run one statement on a connection, without a transaction around it, and return its rows.

        The connection is discarded after an interrupted statement.

        Raises:
            Exception: As raised by SQLAlchemy's pool and asyncpg, without the values of rows.
        """
        entry = await self._take()
        try:
            wire: Any = entry.driver_connection
            rows: list[Record] = await wire.fetch(sql, *values)
        except BaseException as error:
            hide_values(error)
            if not isinstance(error, PostgresError):
                entry.invalidate()
            elif is_of_useless_connection(error):
                self._invalidate_time = time()  # as SQLAlchemy does: all that are open now are replaced
            raise
        else:
            return rows
        finally:
            self._do_return_conn(entry)

    async def _take(self) -> Any:  # noqa: ANN401 - the class is internal to SQLAlchemy
        # A greenlet costs more than the statement. Only who waits or connects needs one.
        entry: Any = self._do_get() if self.checkedin() else await greenlet_spawn(self._do_get)
        if not self._is_fresh(entry):
            try:
                entry.invalidate()
                await greenlet_spawn(entry.get_connection)
            except BaseException:
                self._do_return_conn(entry)
                raise
        return entry

    def _is_fresh(self, entry: Any) -> bool:  # noqa: ANN401 - the class is internal to SQLAlchemy
        """Whether a connection can be used as it is: not invalidated, not too old, and not closed by the server."""
        if entry._is_hard_or_soft_invalidated() or time() - entry.starttime > self._recycle:  # noqa: SLF001
            return False
        return not entry.driver_connection.is_closed()

    def _do_get(self) -> ConnectionPoolEntry:
        entry: ConnectionPoolEntry = super()._do_get() if self.checkedout() < self.size() else self._wait()
        self._in_use.inc()
        return entry

    def _wait(self) -> ConnectionPoolEntry:
        with self._waiting.track_inprogress():
            return super()._do_get()

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        self._in_use.dec()
        super()._do_return_conn(record)
