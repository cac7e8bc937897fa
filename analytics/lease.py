"""Work that one process at a time should do, because several would do the same."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from analytics.models import LEASES
from chassis.clock import utc_now
from chassis.mongodb import MotorDatabase

LEASE = timedelta(seconds=20)
"""After this another process may take the work of one that died."""


@asynccontextmanager
async def leased(database: MotorDatabase, work: str) -> AsyncIterator[bool]:
    """
    Say whether *work* is ours during the block; it is nobody else's then, for at most 20 s.

    This saves effort only: what is done must be right if two do it, as happens when one of them was stopped meanwhile.
    """
    holder, now = ObjectId(), utc_now()
    ours = {"holder": holder, "until": now + LEASE}
    try:
        await database[LEASES].update_one({"_id": work, "until": {"$lte": now}}, {"$set": ours}, upsert=True)
    except DuplicateKeyError:  # there is one that has not ended
        yield False
        return
    try:
        yield True
    finally:
        await database[LEASES].update_one({"_id": work, "holder": holder}, {"$set": {"until": utc_now()}})
