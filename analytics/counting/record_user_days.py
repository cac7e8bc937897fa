"""Recording people's active days."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice

from bson import ObjectId
from pymongo import InsertOne, UpdateMany

from analytics.counting.counts import DAY, floor
from analytics.ingestion.person_ids import person_id
from analytics.models import ERASED_USERS, EVENTS, USER_DAYS
from analytics.retention import PEOPLE_KEPT
from chassis.core.clock import utc_now
from chassis.mongodb.database import Document, MotorDatabase, MotorSession, in_transaction

_BATCH = 1000

_NO_DAY: Document = {"types": []}

People = Mapping[str, set[str]]
"""Person -> the types of events."""


async def record_user_days(database: MotorDatabase, day: datetime, events: Document) -> None:
    """
    Record the types of events of each person on a UTC day, from the events that match *events*, without erased people.

    The rows are deleted by an erasure or when they expire. Recording them again, or in several processes, is harmless.
    """
    pipeline: list[Document] = [
        {"$match": {**events, "user_id": {"$ne": None}}},
        {"$group": {"_id": "$user_id", "types": {"$addToSet": "$type"}}},
    ]
    people: dict[str, set[str]] = {}
    async for row in database[EVENTS].aggregate(pipeline, batchSize=_BATCH):
        people[row["_id"]] = set(row["types"])
        if len(people) == _BATCH:
            await _record(database, day, people)
            people = {}
    await _record(database, day, people)


async def record_days_of(database: MotorDatabase, counts: Iterable[Document]) -> None:
    """Record the same from the counts of batches (``batch_counts.counts_of``), of any days."""
    days: defaultdict[datetime, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for one in counts:
        people = days[floor(one["minute"], DAY)]
        for user_id in one["people"]:
            people[user_id].add(one["type"])
    for day, active in days.items():
        rest = iter(active.items())
        while part := dict(islice(rest, _BATCH)):
            await _record(database, day, part)


async def _record(database: MotorDatabase, day: datetime, people: People) -> None:
    if not people or day < utc_now() - PEOPLE_KEPT:
        return

    async def record(session: MotorSession) -> People:
        rows = database[USER_DAYS].find({"day": day, "user_id": {"$in": list(people)}}, {"day": 0}, session=session)
        known = {row["user_id"]: row async for row in rows}
        news = {user_id: types.difference(known.get(user_id, _NO_DAY)["types"]) for user_id, types in people.items()}
        news = {user_id: types for user_id, types in news.items() if types}
        if news:
            await database[USER_DAYS].bulk_write(_writes(day, news, known), ordered=False, session=session)
        return news

    await _delete_erased(database, await in_transaction(database, record))


def _writes(day: datetime, news: People, known: Mapping[str, Document]) -> list[InsertOne[Document] | UpdateMany]:
    """Insert the days of people without one; add types to the others, in one write for each combination of types."""
    days: list[InsertOne[Document] | UpdateMany] = []
    added: defaultdict[frozenset[str], list[ObjectId]] = defaultdict(list)
    for user_id, types in news.items():
        if user_id in known:
            added[frozenset(types)].append(known[user_id]["_id"])
        else:
            days.append(InsertOne({"day": day, "user_id": user_id, "types": list(types)}))
    for kinds, ids in added.items():
        days.append(UpdateMany({"_id": {"$in": ids}}, {"$addToSet": {"types": {"$each": list(kinds)}}}))
    return days


async def _delete_erased(database: MotorDatabase, user_ids: Iterable[str]) -> None:
    # After recording. An erasure stores its row before it deletes these days, so one of the two sees the other.
    persons = {user_id: person_id(user_id) for user_id in user_ids}
    rows = database[ERASED_USERS].find({"_id": {"$in": list(set(persons.values()))}}, {"_id": 1})
    erased = {row["_id"] async for row in rows}
    theirs = [user_id for user_id, person in persons.items() if person in erased]
    if theirs:
        await database[USER_DAYS].delete_many({"user_id": {"$in": theirs}})
