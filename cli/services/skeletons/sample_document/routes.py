"""Routes of the sample document service."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from chassis.core.errors import NothingToChange
from chassis.core.problems import documented
from chassis.core.types import Page
from chassis.dependencies import ADMIN, PERSON, CurrentUser, Dispatch, token_of
from chassis.idempotency.kinds import REPEATABLE, UNREPEATABLE
from chassis.mongodb.database import Database, Document
from chassis.sealing.access import optional
from chassis.web.etag import NOT_MODIFIED, IfMatch, InvalidETag, PreconditionFailed, Tagging, set_etag
from chassis.web.pagination import InvalidCursor, Paging, Slice
from chassis.web.routing import service_router
from sample_document.calls import Person
from sample_document.errors import IdTaken, SampleDocumentNotFound
from sample_document.schemas import (
    OwnerRead,
    SampleDocumentCreate,
    SampleDocumentFilter,
    SampleDocumentRead,
    SampleDocumentUpdate,
)
from sample_document.services.create_sample_document import create_sample_document
from sample_document.services.delete_sample_document import delete_sample_document
from sample_document.services.get_owner import get_owner
from sample_document.services.get_sample_document import get_sample_document
from sample_document.services.list_sample_documents import list_sample_documents
from sample_document.services.update_sample_document import update_sample_document

router = service_router("sample-documents", about="People's own sample documents.")


@router.get(
    "", access=optional(), auth=PERSON, response_model=Page[SampleDocumentRead], responses=documented(InvalidCursor)
)
async def list_own(
    user: CurrentUser, database: Database, page: Paging, only: Annotated[SampleDocumentFilter, Query()]
) -> Slice[Document]:
    """List one's own, newest first."""
    return await list_sample_documents(database, user.user_id, page, only)


@router.post(
    "",
    access=optional(),
    auth=PERSON,
    idempotency=REPEATABLE,
    status_code=201,
    response_model=SampleDocumentRead,
    responses=documented(IdTaken),
)
async def create(body: SampleDocumentCreate, user: CurrentUser, database: Database, response: Response) -> Document:
    """Create a sample document."""
    created = await create_sample_document(database, user.user_id, body)
    response.headers["Location"] = f"/api/v1/sample-documents/{created['_id']}"
    set_etag(response, str(created["version"]))
    return created


@router.get(
    "/{sample_document_id}",
    access=optional(),
    auth=PERSON,
    response_model=SampleDocumentRead,
    responses=NOT_MODIFIED | documented(SampleDocumentNotFound, InvalidETag),
)
async def read(sample_document_id: UUID, user: CurrentUser, database: Database, tagger: Tagging) -> Document | Response:
    """Read one of one's own."""
    found = await get_sample_document(database, sample_document_id, user.user_id)
    return tagger.answer(found, str(found["version"]))


@router.patch(
    "/{sample_document_id}",
    access=optional(),
    auth=PERSON,
    idempotency=UNREPEATABLE,
    response_model=SampleDocumentRead,
    responses=documented(SampleDocumentNotFound, PreconditionFailed, NothingToChange, InvalidETag),
)
async def update(
    sample_document_id: UUID,
    body: SampleDocumentUpdate,
    user: CurrentUser,
    database: Database,
    if_match: IfMatch,
    response: Response,
) -> Document:
    """Change some fields of one of one's own."""
    updated = await update_sample_document(database, sample_document_id, user.user_id, body, if_match)
    set_etag(response, str(updated["version"]))
    return updated


@router.delete(
    "/{sample_document_id}",
    access=optional(),
    auth=PERSON,
    status_code=204,
    responses=documented(SampleDocumentNotFound, PreconditionFailed, InvalidETag),
)
async def delete(sample_document_id: UUID, user: CurrentUser, database: Database, if_match: IfMatch) -> None:
    """Delete one of one's own."""
    await delete_sample_document(database, sample_document_id, user.user_id, if_match)


@router.get(
    "/{sample_document_id}/owner",
    access=optional(),
    auth=ADMIN,
    response_model=OwnerRead,
    responses=documented(SampleDocumentNotFound),
)
async def read_owner(sample_document_id: UUID, database: Database, dispatcher: Dispatch, request: Request) -> Person:
    """Read who owns it, from the user service."""
    return await get_owner(database, dispatcher, sample_document_id, token_of(request))
