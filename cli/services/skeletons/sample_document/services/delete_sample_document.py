"""Deleting a sample document."""

from uuid import UUID

from chassis.mongodb.database import MotorDatabase
from chassis.web.etag import PreconditionFailed, Tags
from sample_document.entity_versions import as_read
from sample_document.models import SAMPLE_DOCUMENTS
from sample_document.services.get_sample_document import get_sample_document


async def delete_sample_document(
    database: MotorDatabase, sample_document_id: UUID, user_id: UUID, if_match: Tags | None
) -> None:
    """
    Delete one of a person's sample documents.

    Raises:
        SampleDocumentNotFound: It does not exist, or belongs to another person (404).
        PreconditionFailed: It has changed since the version of *if_match* (412).
    """
    own = {"_id": str(sample_document_id), "user_id": str(user_id)}
    done = await database[SAMPLE_DOCUMENTS].delete_one({**own, **as_read(if_match)})
    if not done.deleted_count:
        await get_sample_document(database, sample_document_id, user_id)
        raise PreconditionFailed
