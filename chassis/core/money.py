"""
Money: whole minor units (cents) internally, a JSON number with two decimals outside, never a float in between.

A price arrives as a Decimal (``strict_json``). It becomes the nearest double only when JSON text is
written; the shortest form of the double has the same two decimals, for every amount below 10^13 minor units.

This holds for currencies whose minor unit is a hundredth; others are refused (``Currency``).
"""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

MAX_MINOR = 10**12
"""The largest amount, in minor units."""


CURRENCIES = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE
    CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR
    KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB
    PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY
    TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905 - a list of 150 lines would be harder to read
)
"""The ISO 4217 codes of currencies in use whose minor unit is a hundredth, as of 2026."""


def _has_cents(code: str) -> str:
    if code not in CURRENCIES:
        msg = (
            "must be a currency of ISO 4217 with two decimals, such as EUR (not JPY, which has none, or BHD with three)"
        )
        raise ValueError(msg)
    return code


Currency = Annotated[str, AfterValidator(_has_cents)]
"""The code of a currency for amounts; unknown ones and those without two decimals are refused."""


def _from_json(value: Any) -> Any:  # noqa: ANN401 - before validation
    """Accept JSON numbers only: text is not a number, and true is not 1."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        msg = "must be a number with at most two decimals, as in 199.99"
        raise ValueError(msg)
    return Decimal(value)


_MAX = MAX_MINOR // 100
_Number = Annotated[float, Field(ge=0, le=_MAX)]

Price = Annotated[
    Decimal,
    # Before the validator, pydantic checks this in Rust: 1.6 us; after it, in Python: 7.2 us.
    Field(ge=0, le=_MAX, decimal_places=2),
    BeforeValidator(_from_json, json_schema_input_type=_Number),
    Field(examples=[199.99]),
    PlainSerializer(float, return_type=_Number, when_used="json"),
]
"""An amount in the API."""
Amount = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json"), Field(examples=[12.5])]
"""A sum of amounts, in answers; it has no upper limit."""


def to_minor(price: Decimal) -> int:
    """Return whole minor units; exact, because a price has at most two decimals."""
    return int(price * 100)


def from_minor(amount: int) -> Decimal:
    """Return the price of an amount in minor units."""
    return Decimal(amount) / 100
