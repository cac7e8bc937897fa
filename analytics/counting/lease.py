"""Leases: work that one process should do at a time, because several would do the same."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from bson import ObjectId
from pymongo.errors import DuplicateKeyError, PyMongoError

from analytics.models import LEASES
from chassis.core.clock import utc_now
from chassis.mongodb.database import MotorDatabase

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=20)
"""After this time another process may take over the work of one that died."""
RENEW_EVERY_S = 5.0


@dataclass(slots=True)
class Lease:
    """
    The state of a lease.

    Attributes:
        is_ours: Whether this process holds the lease; false once another process has taken it over.
    """

    is_ours: bool


@asynccontextmanager
async def leased(
    database: MotorDatabase,
    work: str,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    clock: Callable[[], datetime] = utc_now,
) -> AsyncIterator[Lease]:
    """
    Lease *work* for the block, if no other process holds it. The lease is renewed meanwhile, and ends with the block.

    This only saves effort: the work must be correct if two processes do it, as happens when one of them was paused.
    """
    holder = _Holder(database, work, clock)
    lease = Lease(await holder.take())
    if not lease.is_ours:
        yield lease
        return
    renewing = asyncio.create_task(_keep(holder, lease, sleep))
    try:
        yield lease
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        await holder.hold_until(clock())


class _Holder:
    """A process that wants to do some work."""

    def __init__(self, database: MotorDatabase, work: str, clock: Callable[[], datetime]) -> None:
        self._leases = database[LEASES]
        self._work = work
        self._clock = clock
        self._id = ObjectId()

    async def take(self) -> bool:
        """Take the lease, unless another process holds it."""
        now = self._clock()
        ours = {"holder": self._id, "until": now + LEASE}
        try:
            await self._leases.update_one({"_id": self._work, "until": {"$lte": now}}, {"$set": ours}, upsert=True)
        except DuplicateKeyError:  # another lease has not ended
            return False
        return True

    async def renew(self) -> bool:
        """Extend the lease; returns False if another process holds it."""
        return await self.hold_until(self._clock() + LEASE)

    async def hold_until(self, until: datetime) -> bool:
        """Set the end of the lease; returns False if another process holds it."""
        ours = {"_id": self._work, "holder": self._id}
        return bool((await self._leases.update_one(ours, {"$set": {"until": until}})).matched_count)


async def _keep(holder: _Holder, lease: Lease, sleep: Callable[[float], Awaitable[None]]) -> None:
    """Renew a lease while this process holds it."""
    while lease.is_ours:
        await sleep(RENEW_EVERY_S)
        try:
            lease.is_ours = await holder.renew()
        except PyMongoError as error:  # a few more tries remain before the lease ends
            log.warning("lease not renewed", error=type(error).__name__)
