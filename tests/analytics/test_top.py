from datetime import timedelta
from typing import Any

import pytest

from chassis.core.types import new_id
from chassis.mongodb.database import Document, MotorDatabase
from tests.analytics.asking import Ask, count
from tests.analytics.counting import NOON, event

DAY = {"since": "2026-11-20T00:00Z", "to": "2026-11-21T00:00Z"}
TEAPOT, CUP = str(new_id()), str(new_id())


def order(*lines: tuple[str, int, int], currency: str = "EUR", **more: Any) -> Document:  # noqa: ANN401 - any field
    """A confirmed order of products: quantities and prices."""
    items = [{"product_id": one, "quantity": units, "unit_price_minor": minor} for one, units, minor in lines]
    minor = sum(units * price for _, units, price in lines)
    fields: Document = {
        "kind": "order.confirmed",
        "source": "/services/order",
        "data": {"items": items, "currency": currency, "total_price_minor": minor},
        "revenue": {"currency": currency, "minor": minor},
    }
    return event(**(fields | more))


async def test_the_most_frequent_values_come_first(database: MotorDatabase, ask: Ask) -> None:
    """Values beyond the limit are added up; values that are not scalars are left out."""
    values = ["/a", "/b", "/b", "/b", "/c", "/c", None, ["/a"], {"x": 1}]
    await count(database, *(event(data={"path": value}) for value in values), event())

    assert await ask("top", property="path", limit=2, **DAY) == {
        "items": [{"value": "/b", "count": 3}, {"value": "/c", "count": 2}],
        "other": 1,
    }


async def test_values_keep_their_kind(database: MotorDatabase, ask: Ask) -> None:
    """A number is returned as a number, a boolean as a boolean."""
    await count(database, *(event(data={"n": value}) for value in (1.5, 1.5, 1.5, True, True, "1.5")))

    answer = await ask("top", property="n", **DAY)

    assert [repr(one["value"]) for one in answer["items"]] == ["1.5", "True", "'1.5'"]


async def test_long_texts_are_told_apart_by_how_they_begin(database: MotorDatabase, ask: Ask) -> None:
    """Texts of any kind are grouped by their first 200 characters."""
    await count(database, *(event(data={"text": "ä" * 200 + end}) for end in "ab"))

    assert (await ask("top", property="text", **DAY))["items"] == [{"value": "ä" * 200, "count": 2}]


async def test_only_the_types_and_the_person_that_are_named_count(database: MotorDatabase, ask: Ask) -> None:
    """Other events do not count."""
    mine: Document = {"user_id": "ada", "data": {"n": 1}}
    await count(database, event(kind="a", **mine), event(kind="b", **mine), event(kind="a", data={"n": 1}))

    answer = await ask("top", property="n", type="a", user_id="ada", **DAY)

    assert answer["items"] == [{"value": 1, "count": 1}]


async def test_products_are_added_up_over_orders(database: MotorDatabase, ask: Ask) -> None:
    """Products have units and revenue in each currency; the name is that of its creation, if it is known."""
    created = event(kind="product.created", source="/services/product", subject=TEAPOT, data={"name": "Teapot"})
    orders = [
        order((TEAPOT, 2, 1999), (CUP, 1, 699)),
        order((TEAPOT, 1, 1999)),
        order((TEAPOT, 1, 2100), currency="CHF"),
    ]
    await count(database, created, *orders)

    assert (await ask("products/top", **DAY))["items"] == [
        {
            "product_id": TEAPOT,
            "name": "Teapot",
            "units": 4,
            "revenue": [{"currency": "CHF", "amount": 21.0}, {"currency": "EUR", "amount": 59.97}],
        },
        {"product_id": CUP, "name": None, "units": 1, "revenue": [{"currency": "EUR", "amount": 6.99}]},
    ]
    assert [one["units"] for one in (await ask("products/top", limit=1, **DAY))["items"]] == [4]


@pytest.mark.parametrize(
    "stranger",
    [
        order((TEAPOT, 9, 1), source="/clients"),
        order((TEAPOT, 9, 1), kind="order.cancelled"),
        order((TEAPOT, 9, 1), at=NOON + timedelta(days=1)),
        order((TEAPOT, 9, 1), data={}),
    ],
    ids=["by a client", "cancelled", "later", "erased"],
)
async def test_other_events_sell_nothing(database: MotorDatabase, ask: Ask, stranger: Document) -> None:
    """Only confirmed orders of the order service count, in the range, that still have their products."""
    await count(database, order((CUP, 1, 699)), {**stranger, "_id": str(new_id())})

    assert [one["product_id"] for one in (await ask("products/top", **DAY))["items"]] == [CUP]


async def test_revenue_is_of_each_currency(database: MotorDatabase, ask: Ask) -> None:
    """Amounts are added up in buckets, with two decimals, and zero for buckets without sales."""
    await count(
        database,
        order((TEAPOT, 1, 1010)),
        order((TEAPOT, 1, 240), at=NOON + timedelta(minutes=30)),
        order((TEAPOT, 1, 100), currency="CHF", at=NOON + timedelta(hours=2)),
    )

    answer = await ask("revenue", bucket="hour", since="2026-11-20T12:00Z", to="2026-11-20T15:00Z")

    assert answer == {
        "starts": [f"2026-11-20T{hour}:00:00Z" for hour in (12, 13, 14)],
        "series": [
            {"currency": "CHF", "amounts": [0.0, 0.0, 1.0]},
            {"currency": "EUR", "amounts": [12.5, 0.0, 0.0]},
        ],
    }


@pytest.mark.parametrize(
    ("question", "values", "code"),
    [
        ("top", {}, "invalid_request"),
        ("top", {"property": "x" * 201}, "invalid_request"),
        ("top", {"property": "a", "limit": 101}, "invalid_request"),
        ("products/top", {"limit": 0}, "invalid_request"),
        ("products/top", {"since": "2026-11-20T00:00Z", "to": "2026-11-19T00:00Z"}, "range_is_empty"),
        ("revenue", {"bucket": "hour", "since": "2026-01-01T00:00Z", "to": "2026-11-20T00:00Z"}, "range_too_wide"),
    ],
)
async def test_what_cannot_be_answered_is_refused(ask: Ask, question: str, values: dict[str, Any], code: str) -> None:
    """An invalid query is a 422 with the reason."""
    assert await ask.refusal(question, **values) == (422, code)
