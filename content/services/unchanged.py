"""Why a conditional write has changed nothing."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.web.etag import PreconditionFailed
from content.errors import PageNotFound
from content.orm.tables import Page


async def why_unchanged(session: AsyncSession, page_id: str) -> PageNotFound | PreconditionFailed:
    """Return the reason: there is no page with this id, or it has changed since it was read."""
    exists = await session.scalar(select(Page.id).where(Page.id == page_id))
    return PreconditionFailed() if exists else PageNotFound()
