"""Changing a sample document."""

from uuid import UUID

from pymongo import ReturnDocument

from chassis.core.clock import utc_now
from chassis.core.errors import NothingToChange
from chassis.mongodb.database import Document, MotorDatabase
from chassis.web.etag import PreconditionFailed, Tags
from sample_document.entity_versions import as_read
from sample_document.models import SAMPLE_DOCUMENTS
from sample_document.schemas import SampleDocumentUpdate
from sample_document.services.get_sample_document import get_sample_document


async def update_sample_document(
    database: MotorDatabase,
    sample_document_id: UUID,
    user_id: UUID,
    change: SampleDocumentUpdate,
    if_match: Tags | None,
) -> Document:
    """
    Change the named fields of one of a person's sample documents.

    Raises:
        NothingToChange: No field is named (422).
        SampleDocumentNotFound: It does not exist, or belongs to another person (404).
        PreconditionFailed: It has changed since the version of *if_match* (412).
    """
    values = change.model_dump(exclude_none=True)
    if not values:
        raise NothingToChange
    updated: Document | None = await database[SAMPLE_DOCUMENTS].find_one_and_update(
        {"_id": str(sample_document_id), "user_id": str(user_id), **as_read(if_match)},
        {"$set": {**values, "updated_at": utc_now()}, "$inc": {"version": 1}},
        return_document=ReturnDocument.AFTER,
    )
    if updated is None:
        await get_sample_document(database, sample_document_id, user_id)
        raise PreconditionFailed
    return updated
