"""Listing the catalogue."""

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Text, Uuid, cast, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from chassis.core.money import to_minor
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
COMMON = 5
"""A word is common if every fifth name has it: a page is then found in five times as many products."""
FEW = 1000
"""With at most this many matches, products are sorted; with more, a page fills soon in the order of the catalogue."""
_BY_WORDS_ALONE = select(
    func.set_config("enable_seqscan", "off", True), func.set_config("enable_indexscan", "off", True)
)
_BY_ANY_INDEX = select(func.set_config("enable_seqscan", "on", True), func.set_config("enable_indexscan", "on", True))
"""Which scans the planner may choose, until the transaction ends."""
_DESCENDING = frozenset({Sort.NEWEST, Sort.DEAREST})


async def list_products(session: AsyncSession, search: Search, page: PageRequest) -> Slice[Product]:
    """Return one page of the products that *search* describes, or those that it names."""
    if search.ids is not None:
        return await list_by_ids(session, select(Product).where(IN_CATALOGUE), Product.id, search.ids)
    query = _sorted(select(Product).where(IN_CATALOGUE, *_conditions(search)), search.sort, page.position)
    if search.q is not None:
        query = query.where(await _matches(session, query, search.q, page.limit + 1))
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


async def _matches(session: AsyncSession, query: Select[Product], text: str, most: int) -> ColumnElement[bool]:
    """
    Return the condition that a product matches a text; if possible it lists the ids of the first *most* of the query.

    The index of words finds every match before the first can be read, and all of them would be sorted: so a common word
    is looked for among the first products. For a rare word the planner, which expects every prefix to match 2 % of
    the products, would scan the catalogue in its order until a page is full, which is all of it: so the index is used.
    """
    contains = NAME_WORDS.op("@@")(_beginnings(text))
    first = await session.execute(query.with_only_columns(Product.id, contains).limit(COMMON * most))
    found: Sequence[UUID] = [product_id for product_id, is_match in first if is_match]
    if len(found) < most:
        await session.execute(_BY_WORDS_ALONE)
        found = (await session.scalars(select(Product.id).where(IN_CATALOGUE, contains).limit(FEW + 1))).all()
        await session.execute(_BY_ANY_INDEX)
    if len(found) > FEW:
        return contains
    return Product.id == func.any(cast(literal(found, ARRAY(Uuid)), ARRAY(Uuid)))


def _conditions(search: Search) -> Iterator[ColumnElement[bool]]:
    if search.min_price is not None:
        yield Product.price_minor >= to_minor(search.min_price)
    if search.max_price is not None:
        yield Product.price_minor <= to_minor(search.max_price)
    if search.in_stock is not None:
        yield (Product.stock > 0) == search.in_stock


def _beginnings(text: str) -> ColumnElement[str]:
    """
    Return a query for each word of *text* as a prefix; NULL, which matches nothing, if it has no words.

    PostgreSQL splits the text into words as it splits the names.
    """
    word = func.unnest(func.to_tsvector(SIMPLE, text)).table_valued("lexeme", "positions", "weights", name="word")
    # A word may contain a quote (in a path), but no backslash: quote_literal writes what a tsquery reads.
    every = func.string_agg(func.quote_literal(cast(word.c.lexeme, Text)) + ":*", " & ")
    return select(cast(every, TSQUERY)).select_from(word).scalar_subquery()
