"""Routes of the sample row service: all are for editors, until you decide otherwise."""

from typing import Any

from fastapi import Response

from chassis.core.errors import NothingToChange
from chassis.core.problems import documented
from chassis.core.types import Page
from chassis.dependencies import EDITOR
from chassis.idempotency.dependency import KEYED
from chassis.idempotency.kinds import UNREPEATABLE
from chassis.postgres.database import Session
from chassis.sealing.access import optional
from chassis.web.etag import NOT_MODIFIED, IfMatch, InvalidETag, PreconditionFailed, Tagging, set_etag
from chassis.web.pagination import InvalidCursor, Paging, Slice
from chassis.web.routing import service_router
from sample_row.errors import (
    ReferenceNotFound,
    RuleViolated,
    SampleRowNotFound,
    StillReferenced,
    ValueInvalid,
    ValueMissing,
    ValueTaken,
)
from sample_row.row_keys import address_of
from sample_row.schemas import KEY_PATH, KeyInPath, SampleRowCreate, SampleRowRead, SampleRowUpdate
from sample_row.services.create_sample_row import create_sample_row
from sample_row.services.delete_sample_row import delete_sample_row
from sample_row.services.get_sample_row import get_sample_row
from sample_row.services.list_sample_rows import list_sample_rows
from sample_row.services.update_sample_row import update_sample_row

router = service_router("sample-rows", about="Rows of a table that another team owns.")
_REFUSED = documented(ValueTaken, ReferenceNotFound, RuleViolated, ValueMissing, ValueInvalid)


@router.get("", access=optional(), auth=EDITOR, response_model=Page[SampleRowRead], responses=documented(InvalidCursor))
async def list_all(session: Session, page: Paging) -> Slice[dict[str, Any]]:
    """List all, by their keys."""
    return await list_sample_rows(session, page)


@router.post(
    "",
    access=optional(),
    auth=EDITOR,
    idempotency=KEYED,
    status_code=201,
    response_model=SampleRowRead,
    responses=_REFUSED,
)
async def create(body: SampleRowCreate, session: Session, response: Response) -> dict[str, Any]:
    """Create a sample row; fields that are left out get their defaults."""
    created = await create_sample_row(session, body)
    response.headers["Location"] = f"/api/v1/sample-rows/{address_of(created)}"
    set_etag(response, created["etag"])
    return created


@router.get(
    KEY_PATH,
    access=optional(),
    auth=EDITOR,
    response_model=SampleRowRead,
    responses=NOT_MODIFIED | documented(SampleRowNotFound, InvalidETag),
)
async def read(key: KeyInPath, session: Session, tagger: Tagging) -> dict[str, Any] | Response:
    """Read a sample row."""
    found = await get_sample_row(session, key)
    return tagger.answer(found, found["etag"])


@router.patch(
    KEY_PATH,
    access=optional(),
    auth=EDITOR,
    idempotency=UNREPEATABLE,
    response_model=SampleRowRead,
    responses=documented(SampleRowNotFound, PreconditionFailed, NothingToChange, InvalidETag, beside=_REFUSED),
)
async def update(
    key: KeyInPath, body: SampleRowUpdate, session: Session, if_match: IfMatch, response: Response
) -> dict[str, Any]:
    """Change some fields of a sample row."""
    updated = await update_sample_row(session, key, body, if_match)
    set_etag(response, updated["etag"])
    return updated


@router.delete(
    KEY_PATH,
    access=optional(),
    auth=EDITOR,
    status_code=204,
    responses=documented(SampleRowNotFound, PreconditionFailed, StillReferenced, InvalidETag),
)
async def delete(key: KeyInPath, session: Session, if_match: IfMatch) -> None:
    """Delete a sample row."""
    await delete_sample_row(session, key, if_match)
