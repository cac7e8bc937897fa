"""Metadata of a page: any JSON object, within bounds."""

from typing import Any

from chassis.core import json as strict_json

MOST_BYTES = 16 * 1024
MOST_LEVELS = 8
_LARGEST = 2**53
"""JavaScript, which reads them too, has no larger whole numbers."""


def check_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """
    Return metadata with floats in place of decimals.

    Raises:
        ValueError: It is too large or too deep, or has a number that JavaScript cannot read exactly enough.
    """
    _check(metadata, MOST_LEVELS)
    checked: dict[str, Any] = strict_json.with_numbers(metadata)  # type: ignore[assignment]
    if len(strict_json.dumps(checked)) > MOST_BYTES:
        msg = f"must be at most {MOST_BYTES} bytes of JSON"
        raise ValueError(msg)
    return checked


def _check(value: Any, levels: int) -> None:  # noqa: ANN401 - JSON is what it is
    if isinstance(value, dict | list):
        if not levels:
            msg = f"must have at most {MOST_LEVELS} levels"
            raise ValueError(msg)
        for part in value.values() if isinstance(value, dict) else value:
            _check(part, levels - 1)
    elif not isinstance(value, str | bool | None) and not _is_exact(value):
        msg = "must have whole numbers of at most 2^53, and others that fit into 64 bits"
        raise ValueError(msg)


def _is_exact(number: Any) -> bool:  # noqa: ANN401 - an int, a float or a Decimal
    return abs(number) <= _LARGEST if isinstance(number, int) else abs(float(number)) < float("inf")
