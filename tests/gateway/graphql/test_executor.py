"""Fields that are attributes are executed as the library executes them."""

from typing import Any
from uuid import UUID

import pytest
import strawberry
from graphql import ExecutionResult, parse
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from chassis.core.types import new_id
from gateway.graphql.documents import core_schema
from gateway.graphql.executor import TracedExecutor


@strawberry.type
class Row:
    """Attributes of several types."""

    number: int
    maybe: int | None
    key: UUID


@strawberry.type
class Query:
    """What can be read."""

    @strawberry.field
    def row(self) -> Row | None:
        """Return the row of the test."""
        return ROWS[-1]


ROWS: list[Row] = []
SCHEMA = core_schema(strawberry.Schema(Query))
KEY = new_id()


@pytest.mark.parametrize("number", [7, True, 1.0, 1.5, 2**31, "7", "", None, [1]])
@pytest.mark.parametrize("maybe", [7, "x", None])
def test_an_attribute_is_as_the_library_has_it(number: Any, maybe: Any) -> None:  # noqa: ANN401 - also wrong ones
    """Its value, null, or an error with its path, whatever the attribute holds."""
    ROWS.append(Row(number=number, maybe=maybe, key=KEY))

    found, expected = (executed(kind) for kind in (TracedExecutor, StrawberryGraphQLCoreExecutionContext))

    assert found == expected


def executed(kind: type[StrawberryGraphQLCoreExecutionContext]) -> dict[str, Any]:
    """Return the answer of an executor."""
    executor = kind.build(SCHEMA, parse("{ row { __typename n: number maybe key @include(if: true) } }"))
    assert not isinstance(executor, list)
    result = executor.execute_operation()
    assert isinstance(result, ExecutionResult)
    return {**result.formatted}
