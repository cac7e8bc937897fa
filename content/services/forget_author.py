"""Erasing the author of pages."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from content.orm.tables import Page


async def forget_author(session: AsyncSession, user_id: UUID) -> None:
    """Remove a person from the pages that they created; the pages stay. Repeating it has no further effect."""
    pages = update(Page).where(Page.author_id == user_id)
    await session.execute(pages.values(author_id=None, updated_at=Page.updated_at))  # nobody has edited them
