import string
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.core.types import Page
from chassis.sealing.access import public
from chassis.web.pagination import InvalidCursor, Paging, Position, Slice, SortKey, _decode, _encode
from chassis.web.routing import service_router
from tests.chassis.tiny import serve_tiny

KEY = b"the key of these tests"
ROWS = [UUID(int=number) for number in range(25, 0, -1)]
WORDS = [(word, row) for word in ("Ö", "a", 'b"\\') for row in ROWS[:3]]
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200)
"""Values by which PostgreSQL can sort."""
IDS = st.uuids().filter(lambda one: one.int > 0) | TEXTS
POSITIONS = st.builds(Position, IDS, st.none() | TEXTS | st.integers(-(2**63), 2**63))
router = service_router("rows")


@router.get("/{kind}", access=public(), response_model=Page[UUID])
async def list_rows(kind: str, page: Paging) -> Slice[UUID]:
    """List numbers in descending order."""
    rows = [row for row in ROWS if page.after is None or row < page.after]
    return page.slice(rows[: page.limit + 1], lambda row: row)


@router.get("/sorted/{kind}", access=public(), response_model=Page[tuple[SortKey, UUID]])
async def list_words(page: Paging) -> Slice[tuple[str, UUID]]:
    """List words and numbers, sorted by both."""
    rows = [row for row in sorted(WORDS) if page.position is None or row > page.position[::-1]]
    return page.slice(rows[: page.limit + 1], lambda row: row[1], lambda row: row[0])


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service with two lists."""
    async with serve_tiny(router) as tiny:
        yield tiny.client


@given(POSITIONS, st.text(max_size=30))
def test_a_cursor_says_where_the_page_ended(last: Position, path: str) -> None:
    """An encoded cursor can be decoded, for the same list."""
    assert _decode(KEY, path, _encode(KEY, path, last)) == last


@given(POSITIONS, st.data())
def test_no_character_of_a_cursor_can_be_changed(last: Position, data: st.DataObject) -> None:
    """A cursor with any character changed, added or removed is refused."""
    cursor = _encode(KEY, "/list", last)
    place = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(
        st.sampled_from(string.ascii_letters + string.digits + "-_=+/ \n").filter(lambda one: one != cursor[place])
    )

    for tampered in (
        f"{cursor[:place]}{other}{cursor[place + 1 :]}",
        f"{cursor[:place]}{other}{cursor[place:]}",
        f"{cursor[:place]}{cursor[place + 1 :]}",
        f"{cursor}{other}",
    ):
        with pytest.raises(InvalidCursor):
            _decode(KEY, "/list", tampered)


@given(POSITIONS, st.text(max_size=30), st.text(max_size=30))
def test_a_cursor_belongs_to_one_list(last: Position, path: str, other: str) -> None:
    """A cursor is refused at another path."""
    if path != other:
        with pytest.raises(InvalidCursor):
            _decode(KEY, other, _encode(KEY, path, last))


@given(POSITIONS, st.binary(min_size=1, max_size=40))
def test_a_cursor_belongs_to_one_service(last: Position, key: bytes) -> None:
    """A cursor is refused under another key."""
    with pytest.raises(InvalidCursor):
        _decode(key, "/list", _encode(KEY, "/list", last))


@given(st.text(max_size=100))
def test_nonsense_is_no_cursor(text: str) -> None:
    """Arbitrary text is refused as a cursor, with no other error."""
    with pytest.raises(InvalidCursor):
        _decode(KEY, "/list", text)


async def test_pages_follow_each_other(client: httpx.AsyncClient) -> None:
    """Cursors and links lead to the end, and each row is on one page; the link keeps the limit."""
    seen, sizes, address = list[str](), list[int](), "/api/v1/rows/big?limit=10"
    while address:
        page = await client.get(address)
        items = page.json()["items"]
        seen, sizes = seen + items, [*sizes, len(items)]
        address = page.links["next"]["url"] if "next" in page.links else ""
        assert (page.json()["next_cursor"] or "") == httpx.URL(address).params.get("cursor", "")

    assert sizes == [10, 10, 5]
    assert seen == [str(row) for row in ROWS]


async def test_a_cursor_of_another_list_is_a_problem(client: httpx.AsyncClient) -> None:
    """A cursor of one list is refused by another over HTTP."""
    cursor = (await client.get("/api/v1/rows/big")).json()["next_cursor"]

    here = await client.get("/api/v1/rows/big", params={"cursor": cursor})
    there = await client.get("/api/v1/rows/small", params={"cursor": cursor})

    assert here.status_code == 200
    assert (there.status_code, there.json()["code"]) == (400, "invalid_cursor")


async def test_pages_of_a_sorted_list_follow_each_other(client: httpx.AsyncClient) -> None:
    """Rows with the same word are ordered by their ids, across pages too."""
    seen, address = list[object](), "/api/v1/rows/sorted/words?limit=2"
    while address:
        page = await client.get(address)
        seen += page.json()["items"]
        address = page.links["next"]["url"] if "next" in page.links else ""

    assert seen == [[word, str(row)] for word, row in sorted(WORDS)]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("a=1&a=2&b=3", 200),
        ("b=3&a=2&a=1", 200),
        ("a=1&a=2&b=3&limit=7", 200),
        ("a=1&a=2", 400),
        ("a=1&a=2&b=4", 400),
        ("a=1&a=2&b=3&c=", 400),
        ("a=1%26a=2&b=3", 400),
    ],
)
async def test_a_cursor_belongs_to_the_filters_it_was_made_with(
    client: httpx.AsyncClient, query: str, status: int
) -> None:
    """A cursor is refused with other filters; the limit and the order of parameters may change."""
    cursor = (await client.get("/api/v1/rows/big?a=1&a=2&b=3&limit=5")).json()["next_cursor"]

    page = await client.get(f"/api/v1/rows/big?{query}&cursor={cursor}")

    assert page.status_code == status


async def test_the_longest_key_fits_into_a_cursor(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of 200 characters that JSON escapes is restored."""
    monkeypatch.setattr(f"{__name__}.WORDS", [("\x01" * 200, row) for row in ROWS])

    cursor = (await client.get("/api/v1/rows/sorted/words?limit=1")).json()["next_cursor"]

    assert (await client.get("/api/v1/rows/sorted/words", params={"cursor": cursor})).status_code == 200


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "x", "", "9" * 5000])
async def test_limits_are_bounded(client: httpx.AsyncClient, limit: str) -> None:
    """A limit outside 1 to 100 is refused."""
    response = await client.get("/api/v1/rows/big", params={"limit": limit})

    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/limit")
