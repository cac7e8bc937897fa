"""Values of columns in request bodies, by the type of the column: what PostgreSQL would refuse is refused before."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime, time
from decimal import Decimal
from math import isfinite
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, PlainSerializer

from chassis.core import json as strict_json

MOST_TEXT = 200_000
"""In characters; MAX_BODY_BYTES limits the request, too."""
MOST_JSON = 64 * 1024
"""In bytes."""
MOST_ITEMS = 1000
"""Of an array."""
_MOST_BASE64 = 1_400_000
_LARGEST_EXACT = 2**53
"""JavaScript reads no larger whole numbers."""
_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


def _from_number(value: Any) -> Any:  # noqa: ANN401 - before validation
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be a number")
    return Decimal(value)


def _without_zone(value: time) -> time:
    if value.tzinfo:
        raise ValueError("must be a time of day without an offset, as in 14:30:00")
    return value


def _from_base64(value: Any) -> Any:  # noqa: ANN401 - before validation
    if not isinstance(value, str):
        raise ValueError("must be text in base64")
    return b64decode(value, validate=True)


def _check_json(value: Any) -> Any:  # noqa: ANN401 - JSON is what it is
    if not _is_exact(value):
        raise ValueError("must have whole numbers of at most 2^53, and others that fit into 64 bits")
    checked = strict_json.with_numbers(value)
    if len(strict_json.dumps(checked)) > MOST_JSON:
        msg = f"must be at most {MOST_JSON} bytes of JSON"
        raise ValueError(msg)
    return checked


def _is_exact(value: Any) -> bool:  # noqa: ANN401
    if isinstance(value, dict | list):
        return all(_is_exact(part) for part in (value.values() if isinstance(value, dict) else value))
    if isinstance(value, str | bool | None):
        return True
    return abs(value) <= _LARGEST_EXACT if isinstance(value, int) else isfinite(value)


Text = Annotated[str, Field(max_length=MOST_TEXT)]
KeyText = Annotated[str, Field(max_length=200, pattern=r"^[^/]*[^/.][^/]*$")]
"""A text in a primary key: a segment of an address, without a slash, not of dots alone; indexes have no long ones."""
SmallInt = Annotated[int, Field(ge=-(2**15), lt=2**15)]
Int = Annotated[int, Field(ge=-(2**31), lt=2**31)]
BigInt = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Float = Annotated[float, Field(allow_inf_nan=False)]
Number = Annotated[Decimal, Field(allow_inf_nan=True), PlainSerializer(float, return_type=float, when_used="json")]
"""A ``numeric`` in an answer: a number of JSON; null for NaN, which JSON does not have."""
Numeric = Annotated[Number, BeforeValidator(_from_number, json_schema_input_type=float), Field(allow_inf_nan=False)]
"""A ``numeric``; add its precision (``Field(max_digits=…, decimal_places=…)``)."""
Timestamp = Annotated[AwareDatetime, Field(strict=False, ge=_FIRST, le=_LAST, examples=["2026-11-21T14:30:00Z"])]
Time = Annotated[time, Field(strict=False, examples=["14:30:00"]), AfterValidator(_without_zone)]
Json = Annotated[Any, AfterValidator(_check_json)]
"""Any JSON, null included."""
BytesRead = Annotated[
    bytes, PlainSerializer(lambda value: b64encode(value).decode(), return_type=str, when_used="json")
]
"""A ``bytea`` in an answer: text in base64."""
Bytes = Annotated[
    BytesRead,
    BeforeValidator(_from_base64, json_schema_input_type=Annotated[str, Field(max_length=_MOST_BASE64)]),
    Field(examples=["AAE="]),
]
MISSING: Any = Field(default_factory=lambda: None)
"""
The default of a field that may be left out, but may not be null.

A body is read with ``model_dump(exclude_unset=True)``, so this value is never used.
"""
