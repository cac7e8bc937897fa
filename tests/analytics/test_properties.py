from decimal import Decimal
from typing import Any

import pytest

from analytics.ingestion.properties import check_data


def test_fractions_become_doubles() -> None:
    """A Decimal is stored as the nearest double, a 64-bit number as it is."""
    assert check_data({"a": Decimal("1.5"), "b": [2**63 - 1, True, None]}) == {"a": 1.5, "b": [2**63 - 1, True, None]}


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, Decimal("1e999"), Decimal("-1e999")])
def test_numbers_that_do_not_fit_are_refused(value: Any) -> None:  # noqa: ANN401 - any number
    """MongoDB stores 64 bits; larger numbers are refused, not rounded."""
    with pytest.raises(ValueError, match="64 bits"):
        check_data({"n": value})
