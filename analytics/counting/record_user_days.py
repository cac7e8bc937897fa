"""Recording people's active days."""

from collections.abc import Container, Sequence
from datetime import datetime

from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from analytics.ingestion.person_ids import person_id
from analytics.models import ERASED_USERS, EVENTS, USER_DAYS
from analytics.retention import PEOPLE_KEPT
from chassis.core.clock import utc_now
from chassis.mongodb.database import Document, MotorDatabase, duplicates_in

_BATCH = 1000


async def record_user_days(database: MotorDatabase, day: datetime, events: Document) -> None:
    """
    Record the types of events of each person on a UTC day, from the events that match *events*, without erased people.

    The rows are deleted by an erasure or when they expire. Recording them again, or in several processes, is harmless.
    """
    if day < utc_now() - PEOPLE_KEPT:
        return
    pipeline: list[Document] = [
        {"$match": {**events, "user_id": {"$ne": None}}},
        {"$group": {"_id": "$user_id", "types": {"$addToSet": "$type"}}},
    ]
    people: list[Document] = []
    async for row in database[EVENTS].aggregate(pipeline, batchSize=_BATCH):
        people.append(row)
        if len(people) == _BATCH:
            await _note(database, day, people)
            people = []
    await _note(database, day, people)


async def _note(database: MotorDatabase, day: datetime, people: Sequence[Document]) -> None:
    user_ids = [person["_id"] for person in people]
    stored = database[USER_DAYS].find({"day": day, "user_id": {"$in": user_ids}})
    known = {row["user_id"]: set(row["types"]) async for row in stored}
    news = [person for person in people if not known.get(person["_id"], set()) >= set(person["types"])]
    if not news:
        return
    try:
        await database[USER_DAYS].bulk_write([_write(day, person, known) for person in news], ordered=False)
    except BulkWriteError as error:
        duplicates_in(error)
        await _note(database, day, news)  # another process has inserted the same days in the meantime
    await _delete_erased(database, [person["_id"] for person in news])


def _write(day: datetime, person: Document, known: Container[str]) -> InsertOne[Document] | UpdateOne:
    which = {"day": day, "user_id": person["_id"]}
    if person["_id"] in known:
        return UpdateOne(which, {"$addToSet": {"types": {"$each": person["types"]}}})
    return InsertOne({**which, "types": person["types"]})


async def _delete_erased(database: MotorDatabase, user_ids: Sequence[str]) -> None:
    # After recording. An erasure stores its row before it deletes these days, so one of the two sees the other.
    persons = {user_id: person_id(user_id) for user_id in user_ids}
    rows = database[ERASED_USERS].find({"_id": {"$in": list(set(persons.values()))}}, {"_id": 1})
    erased = {row["_id"] async for row in rows}
    theirs = [user_id for user_id, person in persons.items() if person in erased]
    if theirs:
        await database[USER_DAYS].delete_many({"user_id": {"$in": theirs}})
