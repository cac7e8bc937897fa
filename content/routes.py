"""Routes of pages."""

from typing import Annotated, Any

from fastapi import Depends, Query, Response
from sqlalchemy import Row

from chassis.core import json as strict_json
from chassis.core.errors import NothingToChange
from chassis.core.problems import documented
from chassis.core.types import Page as ListOf
from chassis.dependencies import ANYONE, EDITOR, CurrentUser, Visitor
from chassis.idempotency.dependency import KEYED
from chassis.idempotency.kinds import UNREPEATABLE
from chassis.postgres.database import Database, Session
from chassis.sealing.access import optional
from chassis.web.etag import NOT_MODIFIED, IfMatch, InvalidETag, PreconditionFailed, Tagging, set_etag
from chassis.web.pagination import InvalidCursor, Paging
from chassis.web.routing import service_router
from content.answers import is_editor
from content.errors import EditorsOnly, PageNotFound, SectionNotFound, SlugTaken
from content.orm.tables import Page, PageStatus
from content.schemas import AnySlug, PageId, PageRead, PageSummary, PageUpdate, PageWrite, Search
from content.services.create_page import create_page
from content.services.delete_page import delete_page
from content.services.get_page import get_page
from content.services.list_pages import list_pages
from content.services.update_page import update_page

router = service_router("pages", about="Pages of the web site: published ones for all, others for editors.")


async def _revalidated(visitor: Visitor, response: Response) -> None:
    """Let caches store an answer and ask whether it has changed: a page may be withdrawn at any time."""
    response.headers["Cache-Control"] = "private, no-cache" if visitor else "public, no-cache"
    response.headers["Vary"] = "Authorization"


REVALIDATED = [Depends(_revalidated)]


@router.get(
    "",
    access=optional(),
    auth=ANYONE,
    dependencies=REVALIDATED,
    response_model=ListOf[PageSummary],
    responses=NOT_MODIFIED | documented(InvalidCursor, InvalidETag, EditorsOnly),
)
async def list_all(
    database: Database, page: Paging, search: Annotated[Search, Query()], visitor: Visitor, tagger: Tagging
) -> Response:
    """List pages without their texts, newest first unless sorted otherwise. Published ones unless an editor asks."""
    if search.status != PageStatus.PUBLISHED and not is_editor(visitor):
        raise EditorsOnly
    found = await list_pages(database, search, page)
    items, next_cursor = ",".join(found.items).encode(), strict_json.dumps(found.next_cursor)
    return tagger.answer_json(b'{"items":[' + items + b'],"next_cursor":' + next_cursor + b"}")


@router.post(
    "",
    access=optional(),
    auth=EDITOR,
    idempotency=KEYED,
    status_code=201,
    response_model=PageSummary,
    responses=documented(SlugTaken, SectionNotFound),
)
async def create(body: PageWrite, editor: CurrentUser, session: Session, response: Response) -> Row[Any]:
    """Create a page."""
    page = await create_page(session, body, editor.user_id)
    response.headers["Location"] = f"/api/v1/pages/{page.id}"
    set_etag(response, page.etag)
    return page


@router.get(
    "/{page_id}",
    access=optional(),
    auth=ANYONE,
    dependencies=REVALIDATED,
    response_model=PageRead,
    responses=NOT_MODIFIED | documented(PageNotFound, InvalidETag),
)
async def read(page_id: PageId, session: Session, visitor: Visitor, tagger: Tagging) -> Row[Any] | Response:
    """Read a page."""
    page = await get_page(session, Page.id == page_id, visitor)
    return tagger.answer(page, page.etag)


@router.get(
    "/by-slug/{slug}",
    access=optional(),
    auth=ANYONE,
    dependencies=REVALIDATED,
    response_model=PageRead,
    responses=NOT_MODIFIED | documented(PageNotFound, InvalidETag),
)
async def read_by_slug(slug: AnySlug, session: Session, visitor: Visitor, tagger: Tagging) -> Row[Any] | Response:
    """Read the page with this slug."""
    page = await get_page(session, Page.slug == slug, visitor)
    return tagger.answer(page, page.etag)


_OF_WRITES = documented(PageNotFound, PreconditionFailed, InvalidETag, SlugTaken, SectionNotFound)


@router.put(
    "/{page_id}",
    access=optional(),
    auth=EDITOR,
    response_model=PageSummary,
    responses=_OF_WRITES,
)
async def replace(
    page_id: PageId, body: PageWrite, editor: CurrentUser, session: Session, if_match: IfMatch, response: Response
) -> Row[Any]:
    """Replace a page: fields that are missing get their defaults."""
    page = await update_page(session, page_id, body.model_dump(), if_match, editor.user_id)
    set_etag(response, page.etag)
    return page


@router.patch(
    "/{page_id}",
    access=optional(),
    auth=EDITOR,
    idempotency=UNREPEATABLE,
    response_model=PageSummary,
    responses=documented(NothingToChange, beside=_OF_WRITES),
)
async def update(
    page_id: PageId, body: PageUpdate, editor: CurrentUser, session: Session, if_match: IfMatch, response: Response
) -> Row[Any]:
    """Change some fields of a page."""
    page = await update_page(session, page_id, body.model_dump(exclude_unset=True), if_match, editor.user_id)
    set_etag(response, page.etag)
    return page


@router.delete(
    "/{page_id}",
    access=optional(),
    auth=EDITOR,
    status_code=204,
    responses=documented(PageNotFound, PreconditionFailed, InvalidETag),
)
async def delete(page_id: PageId, editor: CurrentUser, session: Session, if_match: IfMatch) -> None:
    """Delete a page."""
    await delete_page(session, page_id, if_match, editor.user_id)
