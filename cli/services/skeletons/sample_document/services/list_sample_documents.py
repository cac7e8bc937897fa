"""Listing a person's sample documents."""

from uuid import UUID

from chassis.mongodb.database import Document, MotorDatabase
from chassis.web.pagination import PageRequest, Slice
from sample_document.models import SAMPLE_DOCUMENTS
from sample_document.schemas import SampleDocumentFilter


async def list_sample_documents(
    database: MotorDatabase, user_id: UUID, page: PageRequest, only: SampleDocumentFilter
) -> Slice[Document]:
    """Return one page of those of a person that match the filter, newest first."""
    query: Document = {"user_id": str(user_id), **only.model_dump(exclude_none=True)}
    if page.after:
        query["_id"] = {"$lt": str(page.after)}
    most = page.limit + 1
    rows = await database[SAMPLE_DOCUMENTS].find(query).sort("_id", -1).limit(most).to_list(most)
    return page.slice(rows, lambda row: UUID(row["_id"]))
