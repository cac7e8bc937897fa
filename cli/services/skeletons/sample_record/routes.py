"""Routes of the sample record service."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from chassis.core.errors import NothingToChange
from chassis.core.problems import documented
from chassis.core.types import Page
from chassis.dependencies import ADMIN, PERSON, CurrentUser, Dispatch, token_of
from chassis.idempotency.dependency import KEYED
from chassis.idempotency.kinds import UNREPEATABLE
from chassis.postgres.database import Database, Session
from chassis.sealing.access import optional
from chassis.web.etag import NOT_MODIFIED, IfMatch, InvalidETag, PreconditionFailed, Tagging, set_etag
from chassis.web.pagination import InvalidCursor, Paging, Slice
from chassis.web.routing import service_router
from sample_record.calls import Person
from sample_record.errors import SampleRecordNotFound
from sample_record.models import SampleRecord
from sample_record.schemas import (
    OwnerRead,
    SampleRecordCreate,
    SampleRecordFilter,
    SampleRecordRead,
    SampleRecordUpdate,
)
from sample_record.services.create_sample_record import create_sample_record
from sample_record.services.delete_sample_record import delete_sample_record
from sample_record.services.get_owner import get_owner
from sample_record.services.get_sample_record import get_sample_record
from sample_record.services.list_sample_records import list_sample_records
from sample_record.services.update_sample_record import update_sample_record

router = service_router("sample-records", about="People's own sample records.")


@router.get(
    "", access=optional(), auth=PERSON, response_model=Page[SampleRecordRead], responses=documented(InvalidCursor)
)
async def list_own(
    user: CurrentUser, session: Session, page: Paging, only: Annotated[SampleRecordFilter, Query()]
) -> Slice[SampleRecord]:
    """List one's own, newest first."""
    return await list_sample_records(session, user.user_id, page, only)


@router.post("", access=optional(), auth=PERSON, idempotency=KEYED, status_code=201, response_model=SampleRecordRead)
async def create(body: SampleRecordCreate, user: CurrentUser, session: Session, response: Response) -> SampleRecord:
    """Create a sample record."""
    created = await create_sample_record(session, user.user_id, body)
    response.headers["Location"] = f"/api/v1/sample-records/{created.id}"
    set_etag(response, created.etag)
    return created


@router.get(
    "/{sample_record_id}",
    access=optional(),
    auth=PERSON,
    response_model=SampleRecordRead,
    responses=NOT_MODIFIED | documented(SampleRecordNotFound, InvalidETag),
)
async def read(sample_record_id: UUID, user: CurrentUser, session: Session, tagger: Tagging) -> SampleRecord | Response:
    """Read one of one's own."""
    found = await get_sample_record(session, sample_record_id, user.user_id)
    return tagger.answer(found, found.etag)


@router.patch(
    "/{sample_record_id}",
    access=optional(),
    auth=PERSON,
    idempotency=UNREPEATABLE,
    response_model=SampleRecordRead,
    responses=documented(SampleRecordNotFound, PreconditionFailed, NothingToChange, InvalidETag),
)
async def update(
    sample_record_id: UUID,
    body: SampleRecordUpdate,
    user: CurrentUser,
    session: Session,
    if_match: IfMatch,
    response: Response,
) -> SampleRecord:
    """Change some fields of one of one's own."""
    updated = await update_sample_record(session, sample_record_id, user.user_id, body, if_match)
    set_etag(response, updated.etag)
    return updated


@router.delete(
    "/{sample_record_id}",
    access=optional(),
    auth=PERSON,
    status_code=204,
    responses=documented(SampleRecordNotFound, PreconditionFailed, InvalidETag),
)
async def delete(sample_record_id: UUID, user: CurrentUser, session: Session, if_match: IfMatch) -> None:
    """Delete one of one's own."""
    await delete_sample_record(session, sample_record_id, user.user_id, if_match)


@router.get(
    "/{sample_record_id}/owner",
    access=optional(),
    auth=ADMIN,
    response_model=OwnerRead,
    responses=documented(SampleRecordNotFound),
)
async def read_owner(sample_record_id: UUID, database: Database, dispatcher: Dispatch, request: Request) -> Person:
    """Read who owns it, from the user service."""
    return await get_owner(database, dispatcher, sample_record_id, token_of(request))
