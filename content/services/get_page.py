"""Reading a page."""

from typing import Any

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from content.answers import WHOLE, visible_to
from content.errors import PageNotFound


async def get_page(session: AsyncSession, which: ColumnElement[bool], visitor: Identity | None) -> Row[Any]:
    """
    Return the page that *which* selects by its id or slug, and its version (``etag``).

    Raises:
        PageNotFound: There is none, or the visitor may not see it (404).
    """
    page = (await session.execute(select(*WHOLE).where(which, visible_to(visitor)))).one_or_none()
    if page is None:
        raise PageNotFound
    return page
