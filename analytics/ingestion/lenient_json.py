"""
JSON of Segment's clients, which cannot handle errors of single values: invalid values are replaced or left out.

Python's client writes ``NaN``, JavaScript's half an emoji, PHP's any bytes it was given.
"""

import json
import math
from decimal import Decimal
from typing import Any

from analytics.ingestion.properties import INT64, MAX_DEPTH
from analytics.ingestion.schemas import MOST_COMMAS
from analytics.metrics import MENDED
from chassis.core import json as strict_json

_LONGEST_INT = 400
"""A number with more digits is beyond a double, and Python would refuse to parse it."""


def read_leniently(text: bytes) -> Any:  # noqa: ANN401 - JSON is what it is
    """
    Parse a message, or a batch without its items: strictly if possible, otherwise keeping all that can be stored.

    Raises:
        InvalidJson: It is not JSON, nested too deep, or has too many values.
    """
    strict_json.refuse_many_values(text, MOST_COMMAS)
    try:
        return strict_json.loads(text)
    except strict_json.InvalidJson as error:
        reason = error
    try:
        value = _DECODER.decode(text.decode(errors="surrogateescape"))
    except (ValueError, RecursionError):
        raise reason from None
    MENDED.labels("json").inc()
    return _members(value) if isinstance(value, dict) else value


def storable(value: Any, depth: int = MAX_DEPTH) -> Any:  # noqa: ANN401
    """
    Return a value in which everything that cannot be stored is removed or replaced.

    NaN and infinity become null, and so do values nested deeper than *depth*; a whole number beyond 64 bits becomes a
    double, half a character U+FFFD; a NUL is left out.
    """
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {_text(name): storable(part, depth - 1) for name, part in value.items()} if depth else None
    if isinstance(value, list):
        return [storable(part, depth - 1) for part in value] if depth else None
    if isinstance(value, Decimal | float) or (isinstance(value, int) and not -INT64 <= value < INT64):
        return _double(value)
    return value


def _members(message: dict[str, Any]) -> dict[str, Any]:
    """Keep whole numbers as they are: they may be ids."""
    return {_text(name): value if isinstance(value, int) else storable(value) for name, value in message.items()}


def _text(value: str) -> str:
    if not value.isascii():
        value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value.replace("\0", "")


def _double(value: Decimal | float) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < _LONGEST_INT else float(digits)


_DECODER = json.JSONDecoder(strict=False, parse_constant=float, parse_float=float, parse_int=_whole)
