"""Anonymising a person's events."""

from collections.abc import Iterable

from pymongo import UpdateOne

from analytics.ingestion.person_ids import spellings
from analytics.models import ERASED_USERS, ERASED_VISITORS, EVENTS, USER_DAYS
from analytics.privacy.find_identities import Identities, find_identities
from chassis.core.clock import utc_now
from chassis.mongodb.database import Document, MotorDatabase, MotorSession, in_transaction

_NOBODYS: Document = {"user_id": None, "anonymous_id": None, "subject": None, "data": {}}
_BATCH = 1000


async def erase_person(database: MotorDatabase, person: str) -> None:
    """
    Anonymise all events of a person who has a row in ``erased_users``, under all of the person's ids.

    Type, time, revenue and counts stay. Repeating it, or resuming it after an interruption, has the same effect: a
    further id is stored before the events that link it lose the link.
    """
    ids = await find_identities(database, person)
    await _keep_ids(database, person, ids)
    aliases = {"user_id": {"$in": _names(ids.users - {person})}}
    visits = {"anonymous_id": {"$in": _names(ids.visitors)}, "user_id": None}
    # The person's own events come last: they contain the links to the others.
    await _anonymise(database, person, visits, "by_visitor")
    await _anonymise(database, person, aliases, "by_alias")
    await _anonymise(database, person, {"user_id": {"$in": spellings(person)}})
    await database[USER_DAYS].delete_many({"user_id": {"$in": _names(ids.users)}})


def _names(ids: Iterable[str]) -> list[str]:
    return [name for one in ids for name in spellings(one)]


async def _keep_ids(database: MotorDatabase, person: str, ids: Identities) -> None:
    """Store the further ids, under which events may still arrive."""
    row = {"$setOnInsert": {"erased_at": utc_now(), "person": person}}
    for collection, further in ((ERASED_USERS, ids.users - {person}), (ERASED_VISITORS, ids.visitors)):
        if further:
            await database[collection].bulk_write([UpdateOne({"_id": one}, row, upsert=True) for one in further])


async def _anonymise(database: MotorDatabase, person: str, which: Document, counted_as: str | None = None) -> None:
    """Anonymise events and add their number to the erasure's record, in one transaction, so the number is exact."""

    async def some(session: MotorSession) -> int:
        found = database[EVENTS].find(which, {"_id": 1}, session=session).limit(_BATCH)
        event_ids = [row["_id"] async for row in found]
        if event_ids:
            number = {name: len(event_ids) for name in ("events", counted_as) if name}
            await database[EVENTS].update_many({"_id": {"$in": event_ids}}, {"$set": _NOBODYS}, session=session)
            await database[ERASED_USERS].update_one({"_id": person}, {"$inc": number}, session=session)
        return len(event_ids)

    while await in_transaction(database, some) == _BATCH:
        pass
