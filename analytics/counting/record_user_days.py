"""Noting on which days people did what."""

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
    Note what people did on a UTC day, as the *events* that fulfil the condition say; erased people are left out.

    What is noted goes with an erasure, or when its time is up; so it may be noted again, and by several at once.
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
        await _note(database, day, news)  # somebody else has begun the same days meanwhile
    await _delete_erased(database, [person["_id"] for person in news])


def _write(day: datetime, person: Document, known: Container[str]) -> InsertOne[Document] | UpdateOne:
    which = {"day": day, "user_id": person["_id"]}
    if person["_id"] in known:
        return UpdateOne(which, {"$addToSet": {"types": {"$each": person["types"]}}})
    return InsertOne({**which, "types": person["types"]})


async def _delete_erased(database: MotorDatabase, user_ids: Sequence[str]) -> None:
    # After noting; and who erases a person notes that before deleting these days. So one of the two sees the other.
    persons = {user_id: person_id(user_id) for user_id in user_ids}
    rows = database[ERASED_USERS].find({"_id": {"$in": list(set(persons.values()))}}, {"_id": 1})
    erased = {row["_id"] async for row in rows}
    theirs = [user_id for user_id, person in persons.items() if person in erased]
    if theirs:
        await database[USER_DAYS].delete_many({"user_id": {"$in": theirs}})
