"""
Which minutes are to be counted anew (docs/decisions/0017-counts.md).

Whoever stores events announces their minutes before, and settles the announcement after. Counting waits for that; if it
never comes, because the process is dead, it counts when the events have either been stored or never will be. So no
event is stored without being counted after.
"""

from collections.abc import Iterable
from datetime import timedelta

from bson import ObjectId
from pymongo import WriteConcern

from analytics.counting.counts import MINUTE, floor
from analytics.models import ARRIVALS
from chassis.core.clock import utc_now
from chassis.mongodb.database import Document, MotorDatabase

LONGEST_ARRIVAL_S = 8.0
"""How long storing a batch may take, seconds."""
_NEVER_SETTLED = timedelta(seconds=20)
"""After this nobody stores what was announced; clocks of our machines may differ by the rest."""
_ON_ONE = WriteConcern(w=1)
"""Enough for what may be lost: then the announcement is counted when its time is over."""


async def announce(database: MotorDatabase, documents: Iterable[Document]) -> Document:
    """Say in which minutes events are about to be stored; gives what ``settle`` wants."""
    minutes = sorted({floor(document["occurred_at"], MINUTE) for document in documents})
    arrival: Document = {"_id": ObjectId(), "minutes": minutes, "settled_at": utc_now() + _NEVER_SETTLED}
    await database[ARRIVALS].insert_one(arrival)
    return arrival


async def settle(database: MotorDatabase, arrival: Document) -> None:
    """Say that they are stored. If the announcement was taken for a dead process's and counted, it is there again."""
    settled = {"minutes": arrival["minutes"], "settled_at": utc_now()}
    await (
        database[ARRIVALS]
        .with_options(write_concern=_ON_ONE)
        .update_one({"_id": arrival["_id"]}, {"$set": settled}, upsert=True)
    )
