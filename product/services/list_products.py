"""Listing the catalogue."""

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from chassis.core.money import to_minor
from chassis.postgres.matches import beginnings, find_matches
from chassis.web.listing import list_by_ids
from chassis.web.pagination import PageRequest, Position, Slice
from product.models import IN_CATALOGUE, NAME_WORDS, SIMPLE, Product
from product.schemas import Search, Sort

_KEYS: dict[Sort, InstrumentedAttribute[Any]] = {
    Sort.CHEAPEST: Product.price_minor,
    Sort.DEAREST: Product.price_minor,
    Sort.NAME: Product.name,
}
"""The sort key before the id; the newest products have the highest ids."""
_DESCENDING = frozenset({Sort.NEWEST, Sort.DEAREST})


async def list_products(session: AsyncSession, search: Search, page: PageRequest) -> Slice[Product]:
    """Return one page of the products that *search* describes, or those that it names."""
    if search.ids is not None:
        return await list_by_ids(session, select(Product).where(IN_CATALOGUE), Product.id, search.ids)
    query = _sorted(select(Product).where(IN_CATALOGUE, *_conditions(search)), search.sort, page.position)
    if search.q is not None:
        words = NAME_WORDS.op("@@")(beginnings(SIMPLE, search.q))
        query = query.where(await find_matches(session, query, Product.id, IN_CATALOGUE, [words], page.limit + 1))
    rows = (await session.scalars(query.limit(page.limit + 1))).all()
    key = _KEYS.get(search.sort)
    return page.slice(rows, attrgetter("id"), attrgetter(key.key) if key else None)


def _sorted(query: Select[Product], sort: Sort, last: Position | None) -> Select[Product]:
    """Sort, and begin after the *last* row of the page before: one range of an index."""
    columns = [_KEYS[sort], Product.id] if sort in _KEYS else [Product.id]
    if last:
        values = [last.key, last.id] if sort in _KEYS else [last.id]
        end = tuple_(*(literal(value, column.type) for value, column in zip(values, columns, strict=True)))
        query = query.where(tuple_(*columns) < end if sort in _DESCENDING else tuple_(*columns) > end)
    return query.order_by(*(column.desc() if sort in _DESCENDING else column for column in columns))


def _conditions(search: Search) -> Iterator[ColumnElement[bool]]:
    if search.min_price is not None:
        yield Product.price_minor >= to_minor(search.min_price)
    if search.max_price is not None:
        yield Product.price_minor <= to_minor(search.max_price)
    if search.in_stock is not None:
        yield (Product.stock > 0) == search.in_stock
