"""Scalars: the values of REST, in the same form."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NewType
from uuid import UUID

import strawberry
from graphql import FloatValueNode, GraphQLError, IntValueNode, ValueNode
from strawberry.types.scalar import ScalarDefinition

from chassis.core.json import with_numbers

Count = NewType("Count", int)
"""A whole number of any size; ``Int`` ends at 2^31."""
Json = NewType("Json", object)
"""Free-form JSON."""


_NO_MONEY = "Money is a number with at most two decimals, as in 199.99."


def _to_decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise GraphQLError(_NO_MONEY)
    return Decimal(str(value))


def _literal_to_decimal(node: ValueNode, _variables: object = None) -> Decimal:
    if not isinstance(node, IntValueNode | FloatValueNode):
        raise GraphQLError(_NO_MONEY, node)
    return Decimal(node.value)


def _to_uuid(value: object) -> UUID:
    if isinstance(value, str):
        with suppress(ValueError):
            return UUID(value)
    raise GraphQLError("An id is a UUID, as in 0193b5a2-c7f0-7d5e-8a1b-3c4d5e6f7081.")


def _to_text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _only_answered(_value: object) -> Any:  # noqa: ANN401 - it returns nothing
    raise GraphQLError("Values of this type are in answers only.")


SCALARS: dict[object, ScalarDefinition] = {
    Decimal: strawberry.scalar(
        name="Money",
        description="An amount: a JSON number with at most two decimals, as in 199.99.",
        serialize=float,
        parse_value=_to_decimal,
        parse_literal=_literal_to_decimal,
    ),
    UUID: strawberry.scalar(
        name="UUID",
        description="An id (RFC 9562).",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc9562",
        serialize=str,
        parse_value=_to_uuid,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A time, UTC: RFC 3339, as in 2026-11-21T14:30:00Z.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=_to_text,
        parse_value=_only_answered,
    ),
    Count: strawberry.scalar(
        name="Count",
        description="A number of things; unlike Int, it may be over 2^31.",
        serialize=int,
        parse_value=_only_answered,
    ),
    Json: strawberry.scalar(
        name="JSON", description="Free-form JSON.", serialize=with_numbers, parse_value=_only_answered
    ),
}
"""Python's type -> its scalar."""
