"""
Listing pages: PostgreSQL writes the rows as JSON, which costs half of what it costs to read them into Python and write
them there (docs/decisions/0041-lists-that-postgresql-writes.md).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import ColumnElement, Integer, Select, Text, bindparam, cast, func, literal_column, select, tuple_
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core import json as strict_json
from chassis.postgres.database import Postgres
from chassis.postgres.matches import beginnings, find_matches
from chassis.postgres.statements import Row, Statement
from chassis.web.pagination import PageRequest, Slice, SortKey
from content.answers import LISTED
from content.orm.tables import Page
from content.schemas import PageSummary, Search, Sort

_NEVER_NULL = [name for name, field in PageSummary.model_fields.items() if type(None) not in get_args(field.annotation)]
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
    query = select(*LISTED).where(status).limit(bindparam("most", type_=Integer))
    if sort is Sort.TITLE:
        after = tuple_(key, Page.id) > tuple_(bindparam("key", type_=Text), last_id)
        return query.where(after).order_by(key, Page.id)
    before = tuple_(key, Page.id) < tuple_(bindparam("key", type_=TIMESTAMP), last_id)
    return query.where(before).order_by(key.desc(), Page.id.desc())


def _as_json(query: Select[Any]) -> Select[Any]:
    """Return each row of a query as a JSON object, in the column ``json``."""
    row = cast(func.row_to_json(literal_column("page")), Text)
    return select(row.label("json")).select_from(query.subquery("page"))


_NEWEST = Statement(_as_json(_sorted(Sort.NEWEST)))
_UPDATED = Statement(_as_json(_sorted(Sort.UPDATED)))
_PUBLISHED = Statement(_as_json(_sorted(Sort.PUBLISHED)))
_BY_TITLE = Statement(_as_json(_sorted(Sort.TITLE)))
_STATEMENTS = {
    Sort.NEWEST: _NEWEST,
    Sort.UPDATED: _UPDATED,
    Sort.PUBLISHED: _PUBLISHED,
    Sort.TITLE: _BY_TITLE,
}


async def list_pages(database: Postgres, search: Search, page: PageRequest) -> Slice[str]:
    """
    Return one page of the pages that *search* describes, without their texts; one statement if it only sorts.

    Each is a JSON object with the fields of ``PageSummary``.
    """
    if search.tag is None and search.author_id is None and search.q is None:
        rows: Sequence[Row] = await database.run(_STATEMENTS[search.sort], _values(search, page))
    else:
        async with database.transaction() as session:
            rows = await find_pages(session, search, page)
    texts = [row["json"] for row in rows]
    _check_complete(texts)
    return page.slice(texts, lambda row: _field(row, "id"), _key_of(search.sort))


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
    rows: Sequence[Row] = (await session.execute(_as_json(query.where(matching)))).mappings().all()
    return rows


def _check_complete(rows: Sequence[str]) -> None:
    """
    Refuse rows without a value that each page has, as the response models of single pages do.

    Raises:
        ValueError: A column that was never null is null now.
    """
    text = "".join(rows)
    if lacking := [name for name in _NEVER_NULL if f'"{name}":null' in text]:  # quotes in texts are escaped
        msg = f"a listed page has no {lacking[0]}"
        raise ValueError(msg)


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


def _key_of(sort: Sort) -> Callable[[str], SortKey]:
    """Return what reads the sort key of a row."""
    if sort is Sort.TITLE:
        return lambda row: _field(row, "title")[:_LONGEST_KEY]
    name = {Sort.NEWEST: "created_at", Sort.UPDATED: "updated_at", Sort.PUBLISHED: "published_at"}[sort]
    return lambda row: _field(row, name)


def _field(row: str, name: str) -> str:
    """Return a text of a row."""
    return str(strict_json.loads(row.encode())[name])
