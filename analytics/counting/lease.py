"""Work that one process at a time should do, because several would do the same."""

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
"""After this another process may take the work of one that died."""
RENEW_EVERY_S = 5.0


@dataclass(slots=True)
class Lease:
    """
    Whose some work is.

    Attributes:
        is_ours: Whether it is this process's; it ceases to be when another process has taken it over.
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
    Lease *work* for the block, if nobody has it. The lease is renewed meanwhile, and ends with the block.

    This saves effort only: what is done must be right if two do it, as happens when one of them was stopped meanwhile.
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
    """One who wants some work."""

    def __init__(self, database: MotorDatabase, work: str, clock: Callable[[], datetime]) -> None:
        self._leases = database[LEASES]
        self._work = work
        self._clock = clock
        self._id = ObjectId()

    async def take(self) -> bool:
        """Take the work, if nobody has it."""
        now = self._clock()
        ours = {"holder": self._id, "until": now + LEASE}
        try:
            await self._leases.update_one({"_id": self._work, "until": {"$lte": now}}, {"$set": ours}, upsert=True)
        except DuplicateKeyError:  # there is a lease that has not ended
            return False
        return True

    async def renew(self) -> bool:
        """Hold the work for longer; False if somebody else has it."""
        return await self.hold_until(self._clock() + LEASE)

    async def hold_until(self, until: datetime) -> bool:
        """Set when the lease ends; False if it is not ours."""
        ours = {"_id": self._work, "holder": self._id}
        return bool((await self._leases.update_one(ours, {"$set": {"until": until}})).matched_count)


async def _keep(holder: _Holder, lease: Lease, sleep: Callable[[float], Awaitable[None]]) -> None:
    """Renew a lease for as long as it is ours."""
    while lease.is_ours:
        await sleep(RENEW_EVERY_S)
        try:
            lease.is_ours = await holder.renew()
        except PyMongoError as error:  # there are some tries more before it ends
            log.warning("lease not renewed", error=type(error).__name__)
