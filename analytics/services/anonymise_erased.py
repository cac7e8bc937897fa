"""Making the events of erased people nobody's."""

from collections.abc import Iterable

from analytics.models import ERASED_USERS, EVENTS
from chassis.mongodb import Document, MotorDatabase

_NOBODYS: Document = {"user_id": None, "subject": None, "data": {}}


async def anonymise_erased(database: MotorDatabase, documents: Iterable[Document]) -> None:
    """
    Anonymise all events of those people in *documents* who are erased; type, time and count stay.

    Whoever stores an event calls this after it, and who erases a person notes that before: so, whichever comes first,
    one of the two sees the other.
    """
    user_ids = {document["user_id"] for document in documents} - {None}
    if not user_ids:
        return
    erased = [row["_id"] async for row in database[ERASED_USERS].find({"_id": {"$in": list(user_ids)}})]
    if erased:
        await database[EVENTS].update_many({"user_id": {"$in": erased}}, {"$set": _NOBODYS})
