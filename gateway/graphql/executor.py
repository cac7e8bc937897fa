"""Executing the fields of an operation, each field at its top in a span of its own."""

from typing import Any

from graphql import GraphQLObjectType
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from chassis.telemetry import tracing


class TracedExecutor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's executor; what a top field's own fields do happens in its span, too."""

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,  # noqa: ANN401 - the library's signature
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Execute a field."""
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
