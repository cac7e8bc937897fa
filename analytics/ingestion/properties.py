"""Event data: any JSON object within bounds, in a form that MongoDB can store."""

import math
from decimal import Decimal
from typing import Any

from chassis.core import json as strict_json

MAX_BYTES = 32 * 1024
MAX_DEPTH = 8
INT64 = 2**63


def check_data(data: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON is what it is
    """
    Return the data, with fractions converted to doubles.

    Raises:
        ValueError: It is not an object, is nested deeper than 8, has over 32 KiB, or a number beyond 64 bits.
    """
    if not isinstance(data, dict):
        raise ValueError("must be an object")
    _check(data, MAX_DEPTH)
    if len(strict_json.dumps(data)) > MAX_BYTES:
        raise ValueError(f"must be at most {MAX_BYTES} bytes of JSON")
    return data


def _check(container: Any, depth: int) -> None:  # noqa: ANN401 - JSON is what it is
    if not depth:
        raise ValueError(f"must be nested at most {MAX_DEPTH} deep")
    for name, value in container.items() if isinstance(container, dict) else enumerate(container):
        # By exact type, the most frequent first: apart from parsing, this is most of the cost of a batch.
        kind = type(value)
        if kind is str or kind is bool:
            continue
        if kind is dict or kind is list:
            _check(value, depth - 1)
        elif kind is Decimal:
            container[name] = _double(value)
        elif kind is int and not -INT64 <= value < INT64:
            raise ValueError("has a number that does not fit into 64 bits")


def _double(value: Decimal) -> float:
    number = float(value)
    if math.isinf(number):
        raise ValueError("has a number that does not fit into 64 bits")
    return number
