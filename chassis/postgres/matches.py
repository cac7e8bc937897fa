"""Filtering a sorted list by what an index of its own finds: words, tags, an owner, however many rows have them."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Select, Text, TextClause, and_, any_, cast, func, literal, select
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

COMMON = 5
"""A filter is common if every fifth row matches: a page is then found in five times as many rows."""
FEW = 1000
"""With at most this many matches, they are sorted; with more, a page fills soon in the order of the list."""
_BY_FILTERS_ALONE = select(
    func.set_config("enable_seqscan", "off", True), func.set_config("enable_indexscan", "off", True)
)
_BY_ANY_INDEX = select(func.set_config("enable_seqscan", "on", True), func.set_config("enable_indexscan", "on", True))
"""Which scans the planner may choose, until the transaction ends."""


async def find_matches(
    session: AsyncSession,
    query: Select[Any],
    ids: InstrumentedAttribute[Any],
    of_list: ColumnElement[bool],
    filters: Collection[ColumnElement[bool]],
    most: int,
) -> ColumnElement[bool]:
    """
    Return a condition with which *query* selects the rows that match all filters; if possible it lists their ids.

    An index of words finds every match before the first can be read, and all of them would be sorted: so a common word
    is looked for among the first rows. For a rare word the planner, which expects every prefix to match 2 % of the
    rows, would read the list in its order until a page is full, which is all of it: so the index is used.

    Args:
        query: The list, sorted and without the filters, from the beginning of the page.
        ids: The ids of its rows.
        of_list: Which rows the whole list has.
        filters: Each with an index of its own.
        most: How many rows are wanted.
    """
    matches = and_(*filters)
    first = await session.execute(query.with_only_columns(ids, matches).limit(COMMON * most))
    found: Sequence[Any] = [row_id for row_id, is_match in first if is_match]
    if len(found) < most:
        await session.execute(_BY_FILTERS_ALONE)
        found = (await session.scalars(select(ids).where(of_list, matches).limit(FEW + 1))).all()
        await session.execute(_BY_ANY_INDEX)
    if len(found) > FEW:
        return matches
    array = ARRAY(ids.type)
    return ids == any_(cast(literal(found, array), array))


def beginnings(config: ColumnElement[Any] | TextClause, words: str) -> ColumnElement[str]:
    """
    Return a query for each word of a text as a prefix; NULL, which matches nothing, if it has no words.

    PostgreSQL splits the text into words as it splits what is searched, by the same *config*.
    """
    word = func.unnest(func.to_tsvector(config, words)).table_valued("lexeme", "positions", "weights", name="word")
    # A word may contain a quote (in a path), but no backslash: quote_literal writes what a tsquery reads.
    every = func.string_agg(func.quote_literal(cast(word.c.lexeme, Text)) + ":*", " & ")
    return select(cast(every, TSQUERY)).select_from(word).scalar_subquery()
