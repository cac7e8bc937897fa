"""Strict JSON (RFC 8259): input that the standard parser accepts beyond it would become a 500 further in."""

from decimal import Decimal
from typing import Any

import jiter
import orjson

_DEEPEST = 200
"""About how many levels the parser accepts."""


class InvalidJson(ValueError):
    """The text is not acceptable JSON; the message has position and reason."""


def loads(text: bytes, most_commas: int | None = None) -> Any:  # noqa: ANN401 - JSON is what it is
    """
    Parse strict JSON; a number with a fraction or an exponent becomes a Decimal, never a float.

    Args:
        most_commas: See ``refuse_many_values``.

    Raises:
        InvalidJson: It is not JSON, not UTF-8, or has NaN or Infinity, a lone surrogate, a NUL character, a repeated
            key, more than about 200 levels, or too many values.
    """
    if most_commas is not None:
        refuse_many_values(text, most_commas)
    try:
        value = jiter.from_json(text, allow_inf_nan=False, catch_duplicate_keys=True, float_mode="decimal")
    except ValueError as error:
        raise InvalidJson(str(error)) from error
    if b"\\u0000" in text and _contains_nul(value):
        msg = "the NUL character (\\u0000) is not allowed in text"
        raise InvalidJson(msg)
    return value


def refuse_many_values(text: bytes, most_commas: int) -> None:
    """
    Limit how long parsing blocks the event loop: a value costs a microsecond, a byte of text nothing.

    Args:
        most_commas: Between values; those inside texts do not count.

    Raises:
        InvalidJson: There are more.
    """
    # Counting all of them takes microseconds, and is enough for nearly every body.
    if text.count(b",") > most_commas and _has_many_values(text, most_commas):
        raise InvalidJson(f"more than {most_commas} commas between values")


def _has_many_values(text: bytes, most_commas: int) -> bool:
    """Whether there are more commas outside texts, or more texts than so few commas can separate."""
    unescaped = text.replace(rb"\\", b"").replace(rb"\"", b"")
    most_quotes = 4 * (most_commas + _DEEPEST)  # two texts, a name and its value, before each comma and each bracket
    outside = b"".join(unescaped.split(b'"', most_quotes)[::2])
    return unescaped.count(b'"') > most_quotes or outside.count(b",") > most_commas


def dumps(value: object) -> bytes:
    """
    Write compact JSON, as pydantic writes our schemas: a Decimal is a number, a datetime RFC 3339 with Z, a UUID text.

    Raises:
        TypeError: A value has no form in JSON.
    """
    return orjson.dumps(value, _as_number, orjson.OPT_UTC_Z)


def with_numbers(value: object) -> object:
    """Return free-form JSON (dicts and lists) with floats in place of Decimals, which pydantic would write as text."""
    if isinstance(value, dict):
        return {name: with_numbers(part) for name, part in value.items()}
    if isinstance(value, list):
        return [with_numbers(part) for part in value]
    return _as_number(value) if isinstance(value, Decimal) else value


def _as_number(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError  # orjson names the value's type


def _contains_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_contains_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(map(_contains_nul, value))
