"""Listing the catalogue."""

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from chassis.money import to_minor
from chassis.pagination import PageRequest, Position, Slice
from product.models import IN_CATALOGUE, NAME_WORDS, SIMPLE, Product
from product.schemas import Search, Sort

_KEYS: dict[Sort, InstrumentedAttribute[Any]] = {
    Sort.CHEAPEST: Product.price_minor,
    Sort.DEAREST: Product.price_minor,
    Sort.NAME: Product.name,
}
"""What the catalogue is sorted by before the id; the newest are those of the highest ids."""
_DESCENDING = frozenset({Sort.NEWEST, Sort.DEAREST})


async def list_products(session: AsyncSession, search: Search, page: PageRequest) -> Slice[Product]:
    """Give one page of the products that *search* describes."""
    words = None if search.q is None else await session.scalar(_beginnings(search.q))
    query = select(Product).where(IN_CATALOGUE, *_conditions(search, words))
    rows = (await session.scalars(_sorted(query, search.sort, page.position).limit(page.limit + 1))).all()
    key = _KEYS.get(search.sort)
    return page.slice(rows, attrgetter("id"), attrgetter(key.key) if key else None)


def _sorted(query: Select[Product], sort: Sort, last: Position | None) -> Select[Product]:
    """Sort, and begin after the *last* row of the page before: one range of an index."""
    columns = [*([_KEYS[sort]] if sort in _KEYS else []), Product.id]
    if last:
        values = [last.key, last.id][-len(columns) :]
        end = tuple_(*(literal(value, column.type) for value, column in zip(values, columns, strict=True)))
        query = query.where(tuple_(*columns) < end if sort in _DESCENDING else tuple_(*columns) > end)
    return query.order_by(*(column.desc() if sort in _DESCENDING else column for column in columns))


def _conditions(search: Search, words: str | None) -> Iterator[ColumnElement[bool]]:
    if search.q is not None:
        # As a literal: without its value the planner takes no word for rare, and walks the whole catalogue.
        yield NAME_WORDS.op("@@")(cast(literal(words, Text, literal_execute=True), TSQUERY))
    if search.min_price is not None:
        yield Product.price_minor >= to_minor(search.min_price)
    if search.max_price is not None:
        yield Product.price_minor <= to_minor(search.max_price)
    if search.in_stock is not None:
        yield (Product.stock > 0) == search.in_stock


def _beginnings(text: str) -> Select[tuple[str | None]]:
    """
    Write a tsquery for each word of *text* as the beginning of a word; NULL, which nothing matches, if it has none.

    PostgreSQL takes it apart as it did the names: what it holds for a word there, it holds for a word here.
    """
    word = func.unnest(func.to_tsvector(SIMPLE, text)).table_valued("lexeme", "positions", "weights", name="word")
    # A quote may stand in a word (of a path), a backslash never: quote_literal writes what a tsquery reads.
    every = func.string_agg(func.quote_literal(cast(word.c.lexeme, Text)) + ":*", " & ")
    return select(every).select_from(word)
