"""Migrations of data that earlier versions stored (``bin/cli db upgrade``)."""

from datetime import datetime

from pymongo.database import Database

from analytics.counting.counts import DAY
from analytics.models import DAY_COUNTS, EVENTS, FINAL_COUNTS
from chassis.mongodb.database import Document

_EXPIRY = "expires_at_1"
"""With this index MongoDB itself deleted events, and no record of final counts was kept."""
_DAY: Document = {"$dateTrunc": {"date": "$occurred_at", "unit": "day"}}


def migrate(database: Database[Document]) -> list[str]:
    """Bring the data to the form that this version expects, and return what was done; a second time, nothing is."""
    if "expireAfterSeconds" in database[EVENTS].index_information().get(_EXPIRY, {}):
        _finalise_deleted(database)
        database[EVENTS].drop_index(_EXPIRY)
        _finalise_deleted(database)  # for events deleted in the meantime
        return [f"made the counts of deleted events final, and dropped index {_EXPIRY}"]
    return []


def _finalise_deleted(database: Database[Document]) -> None:
    """Make the counts of each type final up to the last day on which more events were counted than are stored."""
    by_day: Document = {"$group": {"_id": {"type": "$type", "day": _DAY}, "count": {"$sum": 1}}}
    stored: dict[tuple[str, datetime], int] = {
        (row["_id"]["type"], row["_id"]["day"]): row["count"] for row in database[EVENTS].aggregate([by_day])
    }
    for row in database[DAY_COUNTS].find({}, ("type", "day", "count")):
        if row["count"] > stored.get((row["type"], row["day"]), 0):
            final = {"$max": {"before": row["day"] + DAY}}
            database[FINAL_COUNTS].update_one({"_id": row["type"]}, final, upsert=True)
