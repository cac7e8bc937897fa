"""Reading a sample document."""

from uuid import UUID

from chassis.mongodb.database import Document, MotorDatabase
from sample_document.errors import SampleDocumentNotFound
from sample_document.models import SAMPLE_DOCUMENTS


async def get_sample_document(
    database: MotorDatabase, sample_document_id: UUID, user_id: UUID | None = None
) -> Document:
    """
    Return a sample document; only of this person, if one is named.

    Raises:
        SampleDocumentNotFound: It does not exist, or belongs to another person (404).
    """
    owned = {"user_id": str(user_id)} if user_id else {}
    found: Document | None = await database[SAMPLE_DOCUMENTS].find_one({"_id": str(sample_document_id), **owned})
    if found is None:
        raise SampleDocumentNotFound
    return found
