from collections.abc import Mapping
from datetime import datetime

import asyncpg
import pytest

from tests.content.conftest import Pages

PAGES = [
    # slug, title, text, status, tags, days of creation, change and first publication
    ("a", "Tea pots", "Boil water", "PUBLISHED", ["tea", "pots"], 1, 9, 5),
    ("b", "Cups", "for tea", "PUBLISHED", ["cups"], 2, 8, 4),
    ("c", "Zebra's tea-cup", "", "PUBLISHED", None, 3, 7, None),
    ("d", "Zz", "it's a path", "PUBLISHED", ["tea"], 3, 7, 5),
    ("e", "Tea to come", "", "DRAFT", ["tea"], 4, 4, None),
]
ADD = """
    INSERT INTO "Page" (id, slug, title, body, status, tags, "createdAt", "updatedAt", "publishedAt")
    VALUES ('id-' || $1, $1, $2, $3, $4, $5, '2026-01-01'::timestamp + make_interval(days => $6),
        '2026-01-01'::timestamp + make_interval(days => $7), '2026-01-01'::timestamp + make_interval(days => $8))
"""
SORTED = {"newest": "dcba", "updated": "abdc", "published": "dab", "title": "bacd"}
FILTERED: list[tuple[Mapping[str, str], str]] = [
    ({"tag": "tea"}, "da"),
    ({"tag": "TEA"}, ""),
    ({"q": "tea"}, "cba"),
    ({"q": "TE cup"}, "cb"),
    ({"q": "it's"}, "d"),
    ({"q": "!"}, ""),
    ({"q": "tea", "tag": "pots"}, "a"),
    ({"q": "tea", "status": "DRAFT"}, "e"),
    ({"tag": "tea", "sort": "published"}, "da"),
    ({"author_id": "0197a6b2-0000-7000-8000-000000000000"}, ""),
]


@pytest.fixture
async def shelf(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Pages that the other team has written, one of them with tags that are NULL."""
    await owner.executemany(ADD, PAGES)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize("sort", SORTED)
async def test_pages_of_a_list_follow_each_other(reader: Pages, shelf: None, sort: str, limit: int) -> None:
    """Each row is on one page, also where rows have the same key; rows that were never published have no time of it."""
    expected = SORTED[sort]

    found = await reader.slugs(sort=sort, limit=limit)

    assert "".join(found) == expected


@pytest.mark.parametrize("limit", [1, 100])
@pytest.mark.parametrize(("query", "expected"), FILTERED)
async def test_a_list_is_filtered(
    editor: Pages, shelf: None, query: Mapping[str, str], expected: str, limit: int
) -> None:
    """All filters apply together, on every page."""
    assert "".join(await editor.slugs(**query, limit=limit)) == expected


async def test_an_author_has_a_list(editor: Pages, colleague: Pages) -> None:
    """It has only this editor's pages."""
    mine, _other = await editor.create(slug="mine"), await colleague.create(slug="theirs")

    assert await editor.slugs(author_id=mine["author_id"], status="DRAFT") == ["mine"]


async def test_a_list_has_no_texts(reader: Pages, editor: Pages, shelf: None) -> None:
    """A row of a list is what is read of the page, without its text and metadata; tags that are NULL are none."""
    listed = (await reader.ask("GET")).json()["items"]

    for row in listed:
        page = await reader.read(row["id"])
        assert row == {name: value for name, value in page.items() if name not in {"body", "metadata"}}
    assert [row["tags"] for row in listed] == [["tea"], [], ["cups"], ["tea", "pots"]]


async def test_a_title_of_any_length_is_sorted(reader: Pages, owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Another writer's titles may be longer than a cursor or an index entry."""
    for slug in ("p0", "p1", "p2"):
        await owner.execute(ADD, slug, "ü\n" * 4000, "word " * 200_000, "PUBLISHED", list[str](), 1, 1, 1)

    assert await reader.slugs(sort="title", limit=1) == ["p0", "p1", "p2"]


@pytest.mark.parametrize("other", [{"sort": "title"}, {"tag": "tea"}, {"status": "DRAFT"}])
async def test_a_cursor_is_for_the_list_it_came_from(editor: Pages, shelf: None, other: dict[str, str]) -> None:
    """A cursor is refused with another order or another filter."""
    cursor = (await editor.ask("GET", params={"limit": 1})).json()["next_cursor"]

    answer = await editor.ask("GET", params={**other, "cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


async def test_a_page_in_a_list_is_as_it_is_read(shelf: None, editor: Pages, reader: Pages) -> None:
    """But for its text and metadata; times may have fewer decimals."""
    quoted = await editor.create(slug="quoted", title='Té "a" \\ & </b>', tags=['"', """ '{} """], status="PUBLISHED")
    listed = (await reader.ask("GET")).json()["items"]

    assert [quoted["title"], len(listed)] == [listed[0]["title"], 5]
    for item in listed:
        page = await reader.read(item["id"])
        del page["body"], page["metadata"]
        assert with_times(item) == with_times(page)
        assert all(text is None or text.endswith("Z") for name, text in item.items() if name.endswith("_at"))


def with_times(page: Mapping[str, object]) -> dict[str, object]:
    """Return a page with its times as times."""
    return {
        name: datetime.fromisoformat(f"{one}") if one and name.endswith("_at") else one for name, one in page.items()
    }
