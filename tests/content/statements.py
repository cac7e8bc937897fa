"""The statements of content at a million rows: how its table is filled, and its list with each filter."""

from collections.abc import Iterator
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from content.orm.tables import PageStatus
from content.schemas import Search, Sort
from content.services.list_pages import find_pages
from tests.support.statements import EACH, FEW, PERSON, Ask, StatementTable, number, page


def _lists() -> Iterator[Ask]:
    """Yield the list in each order with a rare filter, and with each other one."""
    searches = [
        *(Search(q="samov", sort=sort) for sort in Sort),
        Search(q="teapot"),
        Search(q="nothing"),
        Search(tag="rare", sort=Sort.TITLE),
        Search(tag="common"),
        Search(tag="rare", q="teapot"),
        Search(author_id=number(4711)),
        Search(author_id=number(0), sort=Sort.UPDATED),
        Search(status=PageStatus.ARCHIVED, tag="common"),
    ]
    return (partial(_find, search=search) for search in searches)


async def _find(session: AsyncSession, search: Search) -> object:
    return await find_pages(session, search, page())


TABLE = StatementTable(
    fill=(
        f"""INSERT INTO public."Page"
                (id, slug, title, body, status, tags, "authorId", "publishedAt", "createdAt", "updatedAt")
            SELECT 'id' || n, 'slug-' || n, CASE WHEN {FEW} THEN 'samovar ' ELSE 'teapot ' END || n, '',
                CASE WHEN n % 100 = 99 THEN 'ARCHIVED' ELSE 'PUBLISHED' END::public."PageStatus",
                CASE WHEN {FEW} THEN ARRAY['rare'] ELSE ARRAY['common'] END, {PERSON},
                '2026-01-01'::timestamp + n * interval '1 second', '2026-01-01'::timestamp + n * interval '1 second',
                '2026-01-01'::timestamp + n * interval '1 second' {EACH}""",
    ),
    lists={"list_all": list(_lists())},
)
