"""
Money: whole minor units (cents) within, a JSON number with two decimals outside, never a float in between.

A price arrives as a Decimal (``strict_json``). On the way out it becomes the nearest double only where JSON text is
written; its shortest form is the same two decimals again, for every amount below 10^13 minor units.
"""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer

MAX_MINOR = 10**12
"""The largest amount there is, in minor units."""


def _from_json(value: Any) -> Any:  # noqa: ANN401 - before validation
    """Take JSON numbers alone: text is not a number, and true is not 1."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        msg = "must be a number with at most two decimals, as in 199.99"
        raise ValueError(msg)
    return Decimal(value)


Price = Annotated[
    Decimal,
    BeforeValidator(_from_json, json_schema_input_type=float),
    Field(ge=0, le=Decimal(MAX_MINOR) / 100, decimal_places=2, examples=[199.99]),
    PlainSerializer(float, return_type=float, when_used="json"),
]
"""An amount as the API has it."""
Amount = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json"), Field(examples=[12.5])]
"""What amounts add up to, in answers; there is no largest one."""


def to_minor(price: Decimal) -> int:
    """Give whole minor units; exact, since a price has at most two decimals."""
    return int(price * 100)


def from_minor(amount: int) -> Decimal:
    """Give the price of an amount in minor units."""
    return Decimal(amount) / 100
