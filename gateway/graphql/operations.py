"""From a request to an operation that is ready to execute: document, limits, variables, price."""

from collections.abc import AsyncGenerator, Awaitable, Iterable
from contextlib import aclosing
from dataclasses import dataclass

import strawberry
from graphql import (
    ExecutionResult,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution import create_source_event_stream, map_source_to_response_event

from gateway.graphql.cost import price
from gateway.graphql.documents import Document, core_schema, read_document, read_trusted
from gateway.graphql.executor import TracedExecutor
from gateway.graphql.refusals import NoOperation, NotTrusted, OnlyByPost, UnknownDocument, WrongVariables
from gateway.graphql.requests import GraphQLRequest

_MOST_VARIABLE_ERRORS = 10


@dataclass(frozen=True, slots=True)
class Operation:
    """
    An operation with its variables, ready to execute.

    Attributes:
        label: Its name in metrics.
        cost: Its price.
    """

    label: str
    cost: int
    _executor: TracedExecutor

    @property
    def is_subscription(self) -> bool:
        """Whether it is a subscription."""
        return self._executor.operation.operation is OperationType.SUBSCRIPTION

    async def execute(self) -> ExecutionResult:
        """Execute a query or a mutation; errors of fields are in the result."""
        result = self._executor.execute_operation()
        return await result if isinstance(result, Awaitable) else result  # type: ignore[return-value]

    async def subscribe(self) -> AsyncGenerator[ExecutionResult]:
        """
        Yield the results of a subscription.

        Raises:
            Exception: The source of its events failed.
        """
        source = create_source_event_stream(self._executor)
        events = await source if isinstance(source, Awaitable) else source
        if isinstance(events, ExecutionResult):
            yield events
            return
        async with aclosing(map_source_to_response_event(self._executor, events)) as results:
            async for result in results:
                yield result


class Operations:
    """
    The operations of a schema.

    Args:
        trusted: The texts of trusted documents.
        only_trusted: Whether no other document is executed.
        open_schema: Whether the schema may be queried, and errors suggest names of it.

    Raises:
        Refused: A trusted document does not fit the schema or the limits.
    """

    def __init__(
        self, schema: strawberry.Schema, trusted: Iterable[str], *, only_trusted: bool, open_schema: bool
    ) -> None:
        self._schema = core_schema(schema)
        self._trusted = read_trusted(schema, trusted)
        self._only_trusted = only_trusted
        self._open_schema = open_schema

    def prepare(self, request: GraphQLRequest, context: object, *, only_query: bool) -> Operation:
        """
        Return the operation that a request asks for.

        Args:
            context: What resolvers find at ``info.context``.
            only_query: Whether mutations and subscriptions are refused.

        Raises:
            Refused: It is not executed; the type says why.
        """
        document = self._document(request)
        operation = _operation(document, request.operation_name)
        if only_query and operation.operation is OperationType.MUTATION:
            raise OnlyByPost("Send a mutation by POST; a GET may not change anything.", headers={"Allow": "POST"})
        executor = TracedExecutor.build(
            self._schema,
            document.parsed,
            context_value=context,
            raw_variable_values=request.variables,
            operation_name=request.operation_name,
            max_coercion_errors=_MOST_VARIABLE_ERRORS,
            hide_suggestions=not self._open_schema,
        )
        if isinstance(executor, list):
            raise WrongVariables(*executor)
        assert isinstance(executor, TracedExecutor)
        cost = price(self._schema, operation, executor.fragment_definitions, executor.variable_values)
        return Operation(document.label, cost, executor)

    def _document(self, request: GraphQLRequest) -> Document:
        if request.document_id is not None:
            if document := self._trusted.get(request.document_id):
                return document
            raise UnknownDocument("No trusted document has this id.")
        if self._only_trusted:
            raise NotTrusted("Only trusted documents are executed here: send the documentId of one.")
        assert request.query is not None
        return read_document(self._schema, request.query, open_schema=self._open_schema)


def _operation(document: Document, name: str | None) -> OperationDefinitionNode:
    """
    Return the operation of this name, or the only one.

    Raises:
        NoOperation: There is none, or the name is missing (422).
    """
    operations = [one for one in document.parsed.definitions if isinstance(one, OperationDefinitionNode)]
    found = [one for one in operations if name is None or (one.name and one.name.value == name)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(one.name.value for one in operations if one.name)
    raise NoOperation(f"Send the operationName of one of the operations in the document: {names or 'it has none'}.")
