"""Event data: any JSON object within bounds, in a form that MongoDB stores."""

from decimal import Decimal
from typing import Any

from chassis import strict_json

MAX_BYTES = 32 * 1024
MAX_DEPTH = 8
_INT64 = 2**63


def check_data(data: dict[str, Any]) -> dict[str, Any]:
    """
    Give the data as it is stored; fractions become doubles.

    Raises:
        ValueError: Nested deeper than 8, over 32 KiB, or a number beyond 64 bits.
    """
    plain: dict[str, Any] = _plain(data, MAX_DEPTH)
    if len(strict_json.dumps(plain)) > MAX_BYTES:
        msg = f"must be at most {MAX_BYTES} bytes of JSON"
        raise ValueError(msg)
    return plain


def _plain(value: Any, depth: int) -> Any:  # noqa: ANN401 - JSON is what it is
    if isinstance(value, dict | list) and depth == 0:
        msg = f"must be nested at most {MAX_DEPTH} deep"
        raise ValueError(msg)
    if isinstance(value, dict):
        return {name: _plain(part, depth - 1) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part, depth - 1) for part in value]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return _number(value)
    return value


def _number(value: int | Decimal) -> int | float:
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return value
    number = float(value) if isinstance(value, Decimal) else float("inf")
    if number in {float("inf"), float("-inf")}:
        msg = "has a number that does not fit into 64 bits"
        raise ValueError(msg)
    return number
