"""Deleting a page."""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging import outbox
from chassis.web.etag import Tags
from content.answers import as_read
from content.events import PageDeleted
from content.orm.tables import Page
from content.services.unchanged import why_unchanged


async def delete_page(session: AsyncSession, page_id: str, if_match: Tags | None, editor: UUID) -> None:
    """
    Delete a page, and publish it.

    Raises:
        PageNotFound: There is no page with this id (404).
        PreconditionFailed: It has changed since the version of *if_match* (412).
    """
    removal = delete(Page).where(Page.id == page_id, as_read(if_match)).returning(Page.slug)
    slug = await session.scalar(removal)
    if slug is None:
        raise await why_unchanged(session, page_id)
    await outbox.add(session, PageDeleted(subject=page_id, user_id=editor, slug=slug))
