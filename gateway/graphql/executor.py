"""Executing the fields of an operation: those at its top in spans of their own, and attributes directly."""

from collections.abc import Callable
from functools import cache
from typing import Any

from graphql import GraphQLNonNull, GraphQLObjectType, is_leaf_type
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from chassis.telemetry import tracing

Leaf = tuple[str, Callable[[Any], Any]]
"""The attribute with the value of a field, and the function that makes it JSON."""


class TracedExecutor(StrawberryGraphQLCoreExecutionContext):
    """
    Strawberry's executor; what a top field's own fields do happens in its span, too.

    Most fields of an answer are attributes with a scalar: a value that is there is taken without the library's steps
    for resolvers, which are a quarter of the CPU of an execution. All else, such as null and errors, is the library's.
    """

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,  # noqa: ANN401 - the library's signature
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Execute a field."""
        if leaf := _leaf(parent_type, field_details_list[0].node.name.value):
            attribute, coerce = leaf
            try:
                value = getattr(source, attribute)
                if value is not None:
                    return coerce(value)
            except Exception:  # noqa: BLE001, S110 - the library raises it again, and makes it an error of the field
                pass
        arguments = (parent_type, source, field_details_list, path, position_context)
        if path.prev is None and tracing.is_on():
            return self._recorded(*arguments)
        return super().execute_field(*arguments)

    async def _recorded(
        self,
        parent_type: GraphQLObjectType,
        source: Any,  # noqa: ANN401
        details: FieldDetailsList,
        *place: Any,  # noqa: ANN401 - handed on
    ) -> Any:  # noqa: ANN401
        with tracing.resolving(f"{parent_type.name}.{details[0].node.name.value}"):
            result = super().execute_field(parent_type, source, details, *place)
            return await result if self.is_awaitable(result) else result


@cache
def _leaf(parent_type: GraphQLObjectType, name: str) -> Leaf | None:
    """Return how a field is read if it is an attribute with a scalar or an enum; None for all other fields."""
    field = parent_type.fields.get(name)
    if field is None or not getattr(field.resolve, "_is_default", False):
        return None
    of_type = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    definition = field.extensions["strawberry-definition"]
    return (definition.python_name, of_type.coerce_output_value) if is_leaf_type(of_type) else None
