from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from chassis.core.types import Body, Day


class Invoice(Body):
    """A body with a date that may be missing."""

    due: Day | None = None


def test_a_day_is_read_as_json_writes_it() -> None:
    """A body has dates as text; in Python, as dates; OpenAPI describes the text."""
    assert Invoice.model_validate({"due": "2030-01-31"}) == Invoice(due=date(2030, 1, 31))
    schema = Invoice.model_json_schema()["properties"]["due"]["anyOf"][0]
    assert (schema["type"], schema["format"]) == ("string", "date")


@pytest.mark.parametrize(
    "wrong", ["2030-02-30", "2030-1-1", "20300131", "2030-01-31T00:00:00", "0", "", 0, 1.5, True, []]
)
def test_what_is_no_day_is_refused(wrong: Any) -> None:  # noqa: ANN401 - JSON
    """Also a number, which pydantic reads as seconds since 1970."""
    with pytest.raises(ValidationError, match="date"):
        Invoice.model_validate({"due": wrong})
