"""Lists in the order of their ids, newest first (a page is one range of an index, pagination.py), and by their ids."""

from collections.abc import Sequence
from operator import attrgetter
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from chassis.web.pagination import PageRequest, Slice

T = TypeVar("T")


async def list_newest(
    session: AsyncSession, query: Select[T], ids: InstrumentedAttribute[UUID], page: PageRequest
) -> Slice[T]:
    """
    Return one page of the rows that *query* selects.

    Args:
        query: Selects entities, and neither sorts nor limits them.
        ids: The attribute with their UUIDv7 ids.
    """
    if page.after:
        query = query.where(ids < page.after)
    rows = (await session.scalars(query.order_by(ids.desc()).limit(page.limit + 1))).all()
    return page.slice(rows, attrgetter(ids.key))


async def list_by_ids(
    session: AsyncSession, query: Select[T], ids: InstrumentedAttribute[UUID], wanted: Sequence[UUID]
) -> Slice[T]:
    """Return the rows with the *wanted* ids that *query* selects, in that order, each once; others are left out."""
    id_of = attrgetter(ids.key)
    by_id = {id_of(row): row for row in await session.scalars(query.where(ids.in_(set(wanted))))}
    return Slice([by_id[one] for one in dict.fromkeys(wanted) if one in by_id], None)
