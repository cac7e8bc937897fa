"""Anonymising late events of erased people."""

from collections.abc import Iterable, Sequence

from analytics.ingestion.person_ids import person_id
from analytics.models import ERASED_USERS, ERASED_VISITORS
from analytics.privacy.erase_person import erase_person
from analytics.privacy.find_identities import ALIAS
from chassis.mongodb.database import Document, MotorDatabase


async def anonymise_erased(database: MotorDatabase, documents: Sequence[Document]) -> None:
    """
    Repeat the erasure of erased people who occur in *documents*: the events are theirs, and may link further ids.

    Call it after the events are stored. An erasure stores each id before it searches for its events, so one of the two
    sees the other, whichever comes first.
    """
    previous = _ids(document["data"].get("previousId") for document in documents if document["type"] == ALIAS)
    users = previous | _ids(document["user_id"] for document in documents)
    visitors = previous | _ids(document.get("anonymous_id") for document in documents)
    persons = await _erased(database, ERASED_USERS, users) | await _erased(database, ERASED_VISITORS, visitors)
    for person in persons:
        await erase_person(database, person)


def _ids(values: Iterable[object]) -> set[str]:
    return {person_id(value) for value in values if isinstance(value, str)}


async def _erased(database: MotorDatabase, collection: str, ids: Iterable[str]) -> set[str]:
    """Return the erased accounts to which some ids belong."""
    names = list(ids)
    if not names:
        return set()
    return {row.get("person", row["_id"]) async for row in database[collection].find({"_id": {"$in": names}})}
