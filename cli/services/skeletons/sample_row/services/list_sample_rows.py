"""Listing sample rows."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.web.pagination import PageRequest, Slice
from sample_row.row_keys import cursor_of, is_after
from sample_row.row_values import ANSWER
from sample_row.table import KEY


async def list_sample_rows(session: AsyncSession, page: PageRequest) -> Slice[dict[str, Any]]:
    """Return one page of all sample rows, by their keys: one range of the primary key's index."""
    query = select(*ANSWER).order_by(*KEY).limit(page.limit + 1)
    if page.position:
        query = query.where(is_after(str(page.position.id)))
    rows = [dict(row) for row in (await session.execute(query)).mappings()]
    return page.slice(rows, cursor_of)
