from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from chassis.core import json as strict_json
from chassis.core.money import MAX_MINOR, Price, from_minor, to_minor
from chassis.core.types import Body


class Priced(Body):
    """A body with an amount."""

    price: Price


@given(st.integers(0, MAX_MINOR))
@example(0)
@example(1)
@example(19999)
@example(MAX_MINOR - 1)
@example(MAX_MINOR)
def test_an_amount_survives_the_api(amount: int) -> None:
    """Every valid amount is sent as JSON and read back as the same minor units."""
    sent = Priced(price=from_minor(amount)).model_dump_json()

    received = Priced.model_validate(strict_json.loads(sent.encode()))

    assert to_minor(received.price) == amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [("199.99", 19999), ("0.1", 10), ("5", 500), ("0", 0), ("-0.0", 0), ("1e2", 10000), ("1.50", 150)],
)
def test_a_price_is_read_to_the_cent(text: str, amount: int) -> None:
    """Every spelling of a number with at most two decimals is read as the same amount."""
    assert to_minor(Priced.model_validate(strict_json.loads(f'{{"price":{text}}}'.encode())).price) == amount


@pytest.mark.parametrize(
    "value",
    [
        Decimal("-0.01"),
        Decimal("1.999"),
        Decimal("10000000000.01"),
        Decimal("1e999"),
        Decimal("1e-999"),
        10**400,
        "1.99",
        1.99,
        True,
        None,
        [1],
        Decimal("NaN"),
        Decimal("Infinity"),
    ],
    ids=str,
)
def test_what_is_no_price_is_refused(value: Any) -> None:  # noqa: ANN401
    """A negative, too precise, too large or non-numeric price is refused."""
    with pytest.raises(ValidationError):
        Priced.model_validate({"price": value})


def test_a_price_is_a_number_in_openapi() -> None:
    """OpenAPI declares a price as a number, not a string."""
    schema = TypeAdapter(Price).json_schema(mode="validation")

    assert schema["type"] == "number"


def test_the_bounds_of_a_price_are_in_the_words_of_json_schema() -> None:
    """Generated clients read `minimum` and `maximum`; they know no `ge`."""
    described = TypeAdapter(Price).json_schema()

    assert described == {"type": "number", "minimum": 0, "maximum": MAX_MINOR // 100, "examples": [199.99]}
