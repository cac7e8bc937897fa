"""Making the events of erased people nobody's."""

from collections.abc import Iterable

from analytics.models import ERASED_USERS, EVENTS
from chassis.mongodb import Document, MotorDatabase, MotorSession, in_transaction

_NOBODYS: Document = {"user_id": None, "anonymous_id": None, "subject": None, "data": {}}
_BATCH = 1000


async def anonymise_erased(database: MotorDatabase, documents: Iterable[Document]) -> None:
    """
    Anonymise all events of those people in *documents* who are erased; type, time, revenue and count stay.

    Whoever stores an event calls this after it, and who erases a person notes that before: so, whichever comes first,
    one of the two sees the other.
    """
    user_ids = {document["user_id"] for document in documents} - {None}
    if not user_ids:
        return
    erased = database[ERASED_USERS].find({"_id": {"$in": list(user_ids)}})
    for user_id in [row["_id"] async for row in erased]:
        await _anonymise(database, user_id)


async def _anonymise(database: MotorDatabase, user_id: str) -> None:
    """Make a person's events nobody's, and note how many they were, which is exact: both are done together."""

    async def some(session: MotorSession) -> int:
        theirs = database[EVENTS].find({"user_id": user_id}, {"_id": 1}, session=session).limit(_BATCH)
        ids = [row["_id"] async for row in theirs]
        if ids:
            await database[EVENTS].update_many({"_id": {"$in": ids}}, {"$set": _NOBODYS}, session=session)
            await database[ERASED_USERS].update_one({"_id": user_id}, {"$inc": {"events": len(ids)}}, session=session)
        return len(ids)

    while await in_transaction(database, some) == _BATCH:
        pass
