"""Recording people's active days."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from datetime import datetime

from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from analytics.counting.counts import DAY, floor
from analytics.ingestion.person_ids import person_id
from analytics.models import ERASED_USERS, EVENTS, USER_DAYS
from analytics.retention import PEOPLE_KEPT
from chassis.core.clock import utc_now
from chassis.mongodb.database import Document, MotorDatabase, duplicates_in

_BATCH = 1000

Active = Mapping[tuple[datetime, str], set[str]]
"""UTC day and person -> the types of events."""


async def record_user_days(database: MotorDatabase, day: datetime, events: Document) -> None:
    """
    Record the types of events of each person on a UTC day, from the events that match *events*, without erased people.

    The rows are deleted by an erasure or when they expire. Recording them again, or in several processes, is harmless.
    """
    if _is_expired(day):
        return
    pipeline: list[Document] = [
        {"$match": {**events, "user_id": {"$ne": None}}},
        {"$group": {"_id": "$user_id", "types": {"$addToSet": "$type"}}},
    ]
    active: dict[tuple[datetime, str], set[str]] = {}
    async for row in database[EVENTS].aggregate(pipeline, batchSize=_BATCH):
        active[day, row["_id"]] = set(row["types"])
        if len(active) == _BATCH:
            await _record(database, active)
            active = {}
    await _record(database, active)


async def record_days_of(database: MotorDatabase, counts: Iterable[Document]) -> None:
    """Record the same from the counts of batches (``added_counts.counts_of``), of any days."""
    active: defaultdict[tuple[datetime, str], set[str]] = defaultdict(set)
    for one in counts:
        day = floor(one["minute"], DAY)
        for user_id in one["people"]:
            active[day, user_id].add(one["type"])
    kept = [(key, types) for key, types in active.items() if not _is_expired(key[0])]
    for start in range(0, len(kept), _BATCH):
        await _record(database, dict(kept[start : start + _BATCH]))


def _is_expired(day: datetime) -> bool:
    return day < utc_now() - PEOPLE_KEPT


async def _record(database: MotorDatabase, active: Active) -> None:
    known = await _read_known(database, active) if active else {}
    news = {key: types for key, types in active.items() if not types <= known.get(key, set())}
    if not news:
        return
    writes = [_write(key, types, known) for key, types in news.items()]
    try:
        await database[USER_DAYS].bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        duplicates_in(error)
        await _record(database, news)  # another process has inserted the same days in the meantime
    await _delete_erased(database, {user_id for _, user_id in news})


async def _read_known(database: MotorDatabase, active: Active) -> Active:
    people: defaultdict[datetime, list[str]] = defaultdict(list)
    for day, user_id in active:
        people[day].append(user_id)
    of_days = [{"day": day, "user_id": {"$in": user_ids}} for day, user_ids in people.items()]
    rows = database[USER_DAYS].find({"$or": of_days}, {"_id": 0})
    return {(row["day"], row["user_id"]): set(row["types"]) async for row in rows}


def _write(
    key: tuple[datetime, str], types: Iterable[str], known: Container[tuple[datetime, str]]
) -> InsertOne[Document] | UpdateOne:
    which = {"day": key[0], "user_id": key[1]}
    if key in known:
        return UpdateOne(which, {"$addToSet": {"types": {"$each": list(types)}}})
    return InsertOne({**which, "types": list(types)})


async def _delete_erased(database: MotorDatabase, user_ids: Iterable[str]) -> None:
    # After recording. An erasure stores its row before it deletes these days, so one of the two sees the other.
    persons = {user_id: person_id(user_id) for user_id in user_ids}
    rows = database[ERASED_USERS].find({"_id": {"$in": list(set(persons.values()))}}, {"_id": 1})
    erased = {row["_id"] async for row in rows}
    theirs = [user_id for user_id, person in persons.items() if person in erased]
    if theirs:
        await database[USER_DAYS].delete_many({"user_id": {"$in": theirs}})
