"""Types of values in request bodies, by the types of columns."""

from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError, create_model

from chassis.core import json as strict_json
from chassis.core.types import Body
from chassis.postgres import values

MONEY = Annotated[values.Numeric, Field(max_digits=5, decimal_places=2)]


def validate(kind: Any, text: str) -> Any:  # noqa: ANN401 - a type and its value
    """Read a value as it arrives in a body."""
    form = create_model("Form", __base__=Body, value=(kind, ...))
    return vars(form.model_validate({"value": strict_json.loads(text.encode())}))["value"]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (values.SmallInt, "-32768", -32768),
        (values.Int, "2147483647", 2**31 - 1),
        (values.BigInt, "9223372036854775807", 2**63 - 1),
        (values.Float, "1.5", 1.5),
        (values.Float, "1", 1.0),
        (MONEY, "999.99", Decimal("999.99")),
        (MONEY, "5", Decimal(5)),
        (values.Timestamp, '"2026-01-01T01:00:00+01:00"', datetime(2026, 1, 1, tzinfo=UTC)),
        (values.Time, '"14:30:00"', time(14, 30)),
        (values.Json, '{"a": [1.5, null, true]}', {"a": [1.5, None, True]}),
        (values.Json, "null", None),
        (values.Bytes, '"AAE="', b"\0\1"),
    ],
)
def test_a_value_is_read(kind: Any, text: str, value: object) -> None:  # noqa: ANN401 - a type
    """Numbers keep their digits."""
    assert validate(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (values.SmallInt, "32768"),
        (values.Int, "-2147483649"),
        (values.BigInt, "9223372036854775808"),
        (values.Int, "true"),
        (values.Int, '"1"'),
        (values.Float, "1e999"),
        (MONEY, "1000"),
        (MONEY, "1.001"),
        (MONEY, "true"),
        (MONEY, '"1"'),
        (values.Numeric, "1e999999"),
        (values.KeyText, '""'),
        (values.KeyText, '"a/b"'),
        (Annotated[values.KeyText, Field(max_length=2)], '"abc"'),
        (Annotated[values.KeyText, Field(max_length=2)], '"/"'),
        (values.Text, '"' + "x" * 200_001 + '"'),
        (values.Timestamp, '"2026-01-01T00:00:00"'),
        (values.Timestamp, '"0001-01-01T00:00:00+14:00"'),
        (values.Timestamp, '"9999-12-31T23:59:59-14:00"'),
        (values.Time, '"14:30:00Z"'),
        (values.Json, "9007199254740993"),
        (values.Json, '{"a": [1e999]}'),
        (values.Json, '"' + "x" * 65_536 + '"'),
        (values.Bytes, '"AAE"'),
        (values.Bytes, '"*"'),
        (values.Bytes, "1"),
    ],
    ids=lambda one: str(one)[:30],
)
def test_what_postgresql_would_refuse_is_refused(kind: Any, text: str) -> None:  # noqa: ANN401 - a type
    """A number that is too wide, a time without a zone, text that is no base64."""
    with pytest.raises(ValidationError):
        validate(kind, text)


def test_a_field_that_may_be_missing_is_not_null() -> None:
    """Left out it is unset; null is refused."""

    class Change(Body):
        size: values.Int = values.MISSING
        name: values.Text = values.MISSING

    assert Change.model_validate({"size": 1}).model_dump(exclude_unset=True) == {"size": 1}
    assert "default" not in str(Change.model_json_schema())
    with pytest.raises(ValidationError):
        Change.model_validate({"size": None})


def test_values_are_written_as_json() -> None:
    """A numeric is a number, and bytes are base64."""
    assert TypeAdapter(values.Number).dump_json(Decimal("9.90")) == b"9.9"
    assert TypeAdapter(values.BytesRead).dump_json(b"\0\1") == b'"AAE="'
