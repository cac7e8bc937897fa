"""Work that one process at a time should do, because several would do the same."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog
from bson import ObjectId
from pymongo.errors import DuplicateKeyError, PyMongoError

from analytics.models import LEASES
from chassis.clock import utc_now
from chassis.mongodb import MotorDatabase

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
    database: MotorDatabase, work: str, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> AsyncIterator[Lease]:
    """
    Lease *work* for the block, if nobody has it. The lease is renewed meanwhile, and ends with the block.

    This saves effort only: what is done must be right if two do it, as happens when one of them was stopped meanwhile.
    """
    holder = ObjectId()
    lease = Lease(await _take(database, work, holder))
    if not lease.is_ours:
        yield lease
        return
    renewing = asyncio.create_task(_keep(database, work, holder, lease, sleep))
    try:
        yield lease
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        await database[LEASES].update_one({"_id": work, "holder": holder}, {"$set": {"until": utc_now()}})


async def _take(database: MotorDatabase, work: str, holder: ObjectId) -> bool:
    now = utc_now()
    ours = {"holder": holder, "until": now + LEASE}
    try:
        await database[LEASES].update_one({"_id": work, "until": {"$lte": now}}, {"$set": ours}, upsert=True)
    except DuplicateKeyError:  # there is one that has not ended
        return False
    return True


async def _keep(
    database: MotorDatabase, work: str, holder: ObjectId, lease: Lease, sleep: Callable[[float], Awaitable[None]]
) -> None:
    """Renew a lease for as long as it is ours."""
    while lease.is_ours:
        await sleep(RENEW_EVERY_S)
        try:
            until = {"$set": {"until": utc_now() + LEASE}}
            renewed = await database[LEASES].update_one({"_id": work, "holder": holder}, until)
            lease.is_ours = renewed.matched_count == 1
        except PyMongoError as error:  # there are some tries more before it ends
            log.warning("lease not renewed", work=work, error=type(error).__name__)
