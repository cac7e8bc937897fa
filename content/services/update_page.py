"""Changing a page."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Update, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.errors import NothingToChange
from chassis.messaging import outbox
from chassis.web.etag import Tags
from content.answers import ETAG, SUMMARY, as_read
from content.events import PagePublished
from content.orm.overrides import now
from content.orm.tables import Page, PageStatus
from content.services.constraints import explaining_violations
from content.services.unchanged import why_unchanged


async def update_page(
    session: AsyncSession, page_id: str, change: Mapping[str, Any], if_match: Tags | None, editor: UUID
) -> Row[Any]:
    """
    Change some fields of a page, or all, and publish the event if it becomes published.

    Args:
        change: New values of ``PageWrite``'s fields, by their names.

    Raises:
        NothingToChange: No field is named (422).
        PageNotFound: There is no page with this id (404).
        PreconditionFailed: It has changed since the version of *if_match* (412).
        SlugTaken: Another page has the slug (409).
        SectionNotFound: The section does not exist (409).
    """
    if not change:
        raise NothingToChange
    with explaining_violations():
        page = (await session.execute(_edit(page_id, change, if_match))).one_or_none()
    if page is None:
        raise await why_unchanged(session, page_id)
    if page.status == PageStatus.PUBLISHED and page.before != PageStatus.PUBLISHED:
        await outbox.add(session, PagePublished(subject=page.id, user_id=editor, slug=page.slug, title=page.title))
    return page


def _edit(page_id: str, change: Mapping[str, Any], if_match: Tags | None) -> Update:
    """Return one statement that locks the page if it is as it was read, changes it, and returns its status before."""
    before = select(Page.id, Page.status).where(Page.id == page_id, as_read(if_match)).with_for_update().cte("before")
    values = {"metadata_" if name == "metadata" else name: value for name, value in change.items()}
    if values.get("status") == PageStatus.PUBLISHED:
        values["published_at"] = func.coalesce(Page.published_at, now())
    return (
        update(Page)
        .where(Page.id == before.c.id)
        .values(values)
        .returning(*SUMMARY, ETAG, before.c.status.label("before"))
    )
