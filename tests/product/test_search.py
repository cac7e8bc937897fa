from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.postgres.matches import COMMON, FEW
from tests.product.aliases import MakeProduct
from tests.support.aliases import Bearer, People
from tests.support.often import times

PRODUCTS = "/api/v1/products"
SHELF = [
    ("Teapot", 30, 1),
    ("Green tea", 4.5, 0),
    ("Tea-cup, blue", 7, 3),
    ("Cup", 7, 0),
    ("Äpfel 3.5 kg", 7, 2),
    ("d'Artagnan's cup", 0, 1),
]
"""Name, price and stock."""
PIECES = st.sampled_from(["http://", "a.com", "/x", "?b=", *"'\\&|!:*<>()@-. "]) | st.characters(
    exclude_characters="\0", exclude_categories=["Cs"]
)
"""PostgreSQL parses addresses and paths into words that contain quotes and operators."""
FOUND: dict[str, set[str]] = {
    "tea": {"Teapot", "Green tea", "Tea-cup, blue"},
    "TEA": {"Teapot", "Green tea", "Tea-cup, blue"},
    "te gr": {"Green tea"},
    "tea-c": {"Tea-cup, blue"},
    "pot": set(),
    "cup": {"Tea-cup, blue", "Cup", "d'Artagnan's cup"},
    "äpf": {"Äpfel 3.5 kg"},
    "3.5": {"Äpfel 3.5 kg"},
    "d'art": {"d'Artagnan's cup"},
    "tea | cup": {"Tea-cup, blue"},
    "!tea": {"Teapot", "Green tea", "Tea-cup, blue"},
    "tea:*": {"Teapot", "Green tea", "Tea-cup, blue"},
    "!?": set(),
    "%": set(),
    "http://a.com/x'y?(b=c&!d": set(),
}
"""The products that each text finds."""
SORTED = {
    "newest": [5, 4, 3, 2, 1, 0],
    "price": [5, 1, 2, 3, 4, 0],
    "-price": [0, 4, 3, 2, 1, 5],
    "name": [3, 1, 2, 0, 5, 4],
}
"""The numbers of the products, in each order."""
FILTERED: list[tuple[dict[str, str], list[int]]] = [
    ({"min_price": "7"}, [4, 3, 2, 0]),
    ({"max_price": "4.50"}, [5, 1]),
    ({"min_price": "4.51", "max_price": "29.99"}, [4, 3, 2]),
    ({"min_price": "8", "max_price": "7"}, []),
    ({"in_stock": "true"}, [5, 4, 2, 0]),
    ({"in_stock": "false"}, [3, 1]),
    ({"in_stock": "true", "q": "cup", "max_price": "7", "sort": "-price"}, [2, 5]),
]
"""The numbers of the products that match."""


@pytest.fixture
async def shelf(make_product: MakeProduct) -> list[dict[str, Any]]:
    """A few products, oldest first."""
    return [await make_product(name=name, price=price, stock=stock) for name, price, stock in SHELF]


async def names(people: People, **query: Any) -> list[str]:  # noqa: ANN401 - as httpx takes it
    """Return the names of the listed products, from all pages."""
    seen, page = [], await people["product"].get(PRODUCTS, params=query)
    while True:
        assert page.status_code == 200, page.text
        seen += [item["name"] for item in page.json()["items"]]
        if "next" not in page.links:
            return seen
        page = await people["product"].get(page.links["next"]["url"])


@pytest.mark.parametrize(("few", "common", "limit"), [(FEW, COMMON, 20), (2, COMMON, 20), (FEW, COMMON, 1), (2, 1, 1)])
async def test_words_of_the_name_are_found_by_their_beginnings(
    people: People, shelf: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, few: int, common: int, limit: int
) -> None:
    """All words of `q` must match, in any case and order, few, many or common; none is read as an operator."""
    monkeypatch.setattr("chassis.postgres.matches.FEW", few)
    monkeypatch.setattr("chassis.postgres.matches.COMMON", common)

    found = {q: await names(people, q=q, limit=limit) for q in FOUND}

    newest_first = [name for name, *_ in reversed(SHELF)]
    assert found == {q: [name for name in newest_first if name in FOUND[q]] for q in FOUND}


@settings(max_examples=times(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PIECES, min_size=1, max_size=8).map("".join))
async def test_any_text_can_be_searched_for(people: People, q: str) -> None:
    """No text is a syntax error in the database."""
    assert (await people["product"].get(PRODUCTS, params={"q": q})).status_code == 200


async def test_every_order_is_walked_page_by_page(people: People, shelf: list[dict[str, Any]]) -> None:
    """Each product appears once, whatever the page size; equal prices are ordered by age."""
    walked = {(sort, limit): await names(people, sort=sort, limit=limit) for sort in SORTED for limit in (1, 2, 100)}

    assert walked == {(sort, limit): [SHELF[number][0] for number in SORTED[sort]] for sort, limit in walked}


async def test_filters_narrow_the_list(people: People, shelf: list[dict[str, Any]]) -> None:
    """Prices are within both bounds, and all filters apply together, on every page."""
    for query, expected in FILTERED:
        assert await names(people, **query, limit=1) == [SHELF[number][0] for number in expected], query


async def test_a_page_begins_where_the_last_one_ended_though_the_product_has_changed(
    people: People, bearer: Bearer, shelf: list[dict[str, Any]]
) -> None:
    """A cursor holds the price at the time it was made, not the present one."""
    first = await people["product"].get(PRODUCTS, params={"sort": "price", "limit": 2})
    last = f"{PRODUCTS}/{first.json()['items'][-1]['id']}"
    await people["product"].patch(last, json={"price": 1000}, headers=bearer(role="admin"))

    second = await people["product"].get(first.links["next"]["url"])

    assert [item["name"] for item in second.json()["items"]] == ["Tea-cup, blue", "Cup"]


@pytest.mark.parametrize("other", [{"sort": "-price"}, {"sort": "price", "in_stock": "true"}, {}])
async def test_a_cursor_is_for_the_list_it_came_from(
    people: People, shelf: list[dict[str, Any]], other: dict[str, str]
) -> None:
    """A cursor is refused with another order or other filters."""
    cursor = (await people["product"].get(PRODUCTS, params={"sort": "price", "limit": 2})).json()["next_cursor"]

    answer = await people["product"].get(PRODUCTS, params=other | {"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


async def test_deleted_products_are_not_listed(people: People, bearer: Bearer, shelf: list[dict[str, Any]]) -> None:
    """A deleted product is found neither by its name nor by its id."""
    await people["product"].delete(f"{PRODUCTS}/{shelf[0]['id']}", headers=bearer(role="admin"))

    assert len(await names(people)) == len(SHELF) - 1
    assert await names(people, q="teapot") == await names(people, ids=shelf[0]["id"]) == []


async def test_many_products_are_read_at_once(people: People, shelf: list[dict[str, Any]]) -> None:
    """Products are returned in the order of the ids in the query, each once, without unknown ones."""
    wanted = [shelf[4]["id"], "0197a6b2-0000-7000-8000-000000000000", shelf[0]["id"], shelf[4]["id"], shelf[3]["id"]]

    page = await people["product"].get(PRODUCTS, params={"ids": wanted, "limit": 1})

    assert page.json() == {"items": [shelf[4], shelf[0], shelf[3]], "next_cursor": None}
    assert "link" not in page.headers


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"q": ""}, "/q"),
        ({"q": "x" * 101}, "/q"),
        ({"min_price": "-1"}, "/min_price"),
        ({"min_price": "1.999"}, "/min_price"),
        ({"max_price": "NaN"}, "/max_price"),
        ({"max_price": "1e999999"}, "/max_price"),
        ({"max_price": "10000000000.01"}, "/max_price"),
        ({"in_stock": "perhaps"}, "/in_stock"),
        ({"sort": "stock"}, "/sort"),
        ({"ids": "x"}, "/ids/0"),
        ({"ids": ["0197a6b2-0000-7000-8000-000000000000"] * 101}, "/ids"),
    ],
    ids=lambda one: next(iter(one)) if isinstance(one, dict) else "",
)
async def test_the_query_is_checked(people: People, query: dict[str, Any], pointer: str) -> None:
    """The problem points to the invalid parameter."""
    answer = await people["product"].get(PRODUCTS, params=query)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
