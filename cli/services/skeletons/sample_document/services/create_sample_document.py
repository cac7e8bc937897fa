"""Creating a sample document."""

from contextlib import suppress
from uuid import UUID

from pymongo.errors import DuplicateKeyError

from chassis.core.clock import utc_now
from chassis.mongodb.database import Document, MotorDatabase
from sample_document.errors import IdTaken
from sample_document.models import SAMPLE_DOCUMENTS
from sample_document.schemas import SampleDocumentCreate


async def create_sample_document(database: MotorDatabase, user_id: UUID, new: SampleDocumentCreate) -> Document:
    """
    Store a sample document of a person; returns the stored one if the request is a repetition.

    Raises:
        IdTaken: Another person has used the id (409).
    """
    own, now = {"_id": str(new.id), "user_id": str(user_id)}, utc_now()
    values = {"name": new.name, "note": new.note, "archived": False, "version": 1, "created_at": now, "updated_at": now}
    with suppress(DuplicateKeyError):
        await database[SAMPLE_DOCUMENTS].insert_one(own | values)
    stored: Document | None = await database[SAMPLE_DOCUMENTS].find_one(own)
    if stored is None:
        raise IdTaken
    return stored
