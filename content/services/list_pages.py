"""Listing pages."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, Text, bindparam, func, literal_column, select, tuple_
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.postgres.database import Postgres
from chassis.postgres.matches import beginnings, find_matches
from chassis.postgres.statements import Row, Statement
from chassis.web.pagination import PageRequest, Slice, SortKey
from content.answers import SUMMARY
from content.orm.tables import Page
from content.schemas import Search, Sort

_LONGEST_KEY = 200
"""The part of a title by which pages are sorted: an index cannot have more than 2,704 bytes of it."""
_KEYS: dict[Sort, Any] = {
    Sort.NEWEST: Page.created_at,
    Sort.UPDATED: Page.updated_at,
    Sort.PUBLISHED: Page.published_at,
    Sort.TITLE: func.left(Page.title, literal_column(str(_LONGEST_KEY))),
}
"""The sort key before the id."""
SIMPLE: ColumnElement[Any] = literal_column("'simple'::regconfig")
WORDS = func.to_tsvector(SIMPLE, Page.title + literal_column("' '") + func.left(Page.body, literal_column("50000")))
"""What the index of words has, literally."""


def _sorted(sort: Sort) -> Select[Any]:
    """Return a page of the list: one range of an index, after the last row of the page before."""
    key, last_id = _KEYS[sort], bindparam("id", type_=Text)
    status = Page.status == bindparam("status", type_=Page.status.type)
    query = select(*SUMMARY).where(status).limit(bindparam("most", type_=Integer))
    if sort is Sort.TITLE:
        after = tuple_(key, Page.id) > tuple_(bindparam("key", type_=Text), last_id)
        return query.where(after).order_by(key, Page.id)
    before = tuple_(key, Page.id) < tuple_(bindparam("key", type_=TIMESTAMP), last_id)
    return query.where(before).order_by(key.desc(), Page.id.desc())


_NEWEST = Statement(_sorted(Sort.NEWEST))
_UPDATED = Statement(_sorted(Sort.UPDATED))
_PUBLISHED = Statement(_sorted(Sort.PUBLISHED))
_BY_TITLE = Statement(_sorted(Sort.TITLE))
_STATEMENTS = {
    Sort.NEWEST: _NEWEST,
    Sort.UPDATED: _UPDATED,
    Sort.PUBLISHED: _PUBLISHED,
    Sort.TITLE: _BY_TITLE,
}


async def list_pages(database: Postgres, search: Search, page: PageRequest) -> Slice[Mapping[str, Any]]:
    """Return one page of the pages that *search* describes, without their texts; one statement if it only sorts."""
    if search.tag is None and search.author_id is None and search.q is None:
        rows: Sequence[Row] = await database.run(_STATEMENTS[search.sort], _values(search, page))
    else:
        async with database.transaction() as session:
            rows = await find_pages(session, search, page)
    return page.slice([dict(row) for row in rows], lambda row: str(row["id"]), _key_of(search.sort))


async def find_pages(session: AsyncSession, search: Search, page: PageRequest) -> Sequence[Row]:
    """Return the rows of a list with filters, one more than the page if there is a next one."""
    conditions = []
    if search.tag is not None:
        conditions.append(Page.tags.contains([search.tag]))
    if search.author_id is not None:
        conditions.append(Page.author_id == search.author_id)
    if search.q is not None:
        conditions.append(WORDS.op("@@")(beginnings(SIMPLE, search.q)))
    query = _sorted(search.sort).params(_values(search, page))
    matching = await find_matches(session, query, Page.id, Page.status == search.status, conditions, page.limit + 1)
    rows: Sequence[Row] = (await session.execute(query.where(matching))).mappings().all()
    return rows


def _values(search: Search, page: PageRequest) -> dict[str, Any]:
    """Return the values of a list's query; the first page begins before every row."""
    values = {"status": search.status, "most": page.limit + 1, "id": ""}
    if search.sort is Sort.TITLE:
        values["key"] = ""
    else:
        values["key"] = datetime.max  # noqa: DTZ901 - PostgreSQL's infinity
    if page.position:
        key, values["id"] = page.position.key, page.position.id
        values["key"] = key if search.sort is Sort.TITLE else datetime.fromisoformat(str(key)).replace(tzinfo=None)
    return values


def _key_of(sort: Sort) -> Callable[[Mapping[str, Any]], SortKey]:
    """Return what reads the sort key of a row."""
    if sort is Sort.TITLE:
        return lambda row: str(row["title"])[:_LONGEST_KEY]
    column = {Sort.NEWEST: "created_at", Sort.UPDATED: "updated_at", Sort.PUBLISHED: "published_at"}[sort]
    return lambda row: str(row[column].isoformat())
