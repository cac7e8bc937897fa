"""Serving a GraphQL request: reading, preparing, executing, answering."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass

from fastapi import Request, Response
from graphql import ExecutionResult, GraphQLError

from chassis.application import application_of
from chassis.auth.tokens import InvalidToken
from chassis.dependencies import token_of
from chassis.web.event_stream import HEADERS, EventStream, still_allowed
from gateway.graphql import metrics
from gateway.graphql.answers import (
    Result,
    answer,
    answer_refused,
    answer_revalidated,
    result_of,
    result_of_refusal,
)
from gateway.graphql.context import Context
from gateway.graphql.errors import presented
from gateway.graphql.media_types import EVENTS, GRAPHQL, JSON, choose
from gateway.graphql.operations import Operation, Operations
from gateway.graphql.refusals import Refused
from gateway.graphql.requests import GraphQLRequest, NotAcceptable
from gateway.graphql.subscriptions import Subscribers, single, stream_results
from gateway.rate_limits.counted import count_cost


@dataclass(frozen=True, slots=True)
class Endpoint:
    """
    The parts that serve GraphQL.

    Attributes:
        subscribers: Those of this process.
    """

    operations: Operations
    subscribers: Subscribers

    async def serve(
        self, asked: GraphQLRequest, request: Request, context: Context, until_sent: AsyncExitStack
    ) -> Response:
        """
        Execute a request and return its answer.

        Args:
            context: What resolvers find at ``info.context``.
            until_sent: Closed when the answer was sent, or the client has left.

        Raises:
            TooManyRequests: The person has no units left for its cost (429).
            TooManySubscriptions: The person has too many (429).
            TooManySubscribers: This process has too many (503).
            InvalidToken: The subscription has an access token that is not valid (401).
        """
        accept = ", ".join(request.headers.getlist("accept"))
        media_type = choose(accept, (JSON, GRAPHQL, EVENTS))
        is_safe = request.method != "POST"
        if media_type is None:
            raise NotAcceptable
        try:
            operation = self.operations.prepare(asked, context, only_query=is_safe)
        except Refused as refused:
            return _refused(refused, media_type)
        await count_cost(request, operation.cost)
        if operation.is_subscription:
            return await self._subscribe(operation, accept, request, until_sent)
        result = await self._execute(operation)
        if media_type == EVENTS:
            return EventStream(single(result), headers=HEADERS)
        if is_safe and asked.document_id:
            return answer_revalidated(result, media_type, request)
        return answer(result, media_type)

    async def _execute(self, operation: Operation) -> Result:
        with metrics.SECONDS.labels(operation.label).time():
            executed = await operation.execute()
        result = result_of(executed, operation)
        metrics.OPERATIONS.labels(operation.label, "partial" if result.errors else "ok").inc()
        return result

    async def _subscribe(
        self, operation: Operation, accept: str, request: Request, until_sent: AsyncExitStack
    ) -> Response:
        if choose(accept, (EVENTS,)) is None:
            raise NotAcceptable(f"A subscription is answered with {EVENTS}: accept it.")
        application, token = application_of(request.app), token_of(request)
        person = str((await application.tokens.verify(token)).user_id) if token else _address(request)
        until_sent.enter_context(self.subscribers.admitted(person))
        events = stream_results(
            self._results(operation),
            still_allowed(request) if token else _always,
            lambda: application.draining.has_begun,
            expired=Result({"errors": [presented(_failed(InvalidToken())).formatted]}),
        )
        return EventStream(events, headers=HEADERS)

    async def _results(self, operation: Operation) -> AsyncGenerator[Result]:
        """Yield the results of a subscription; if its source fails, the last one is the error."""
        try:
            async with aclosing(operation.subscribe()) as results:
                async for executed in results:
                    yield result_of(executed, operation)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is told
            yield result_of(ExecutionResult(None, [_failed(error)]), operation)


def _refused(refused: Refused, media_type: str) -> Response:
    """Answer a request that is not executed; a client that accepts events alone cannot read anything else."""
    if media_type == EVENTS:
        return EventStream(single(result_of_refusal(refused)), headers=HEADERS)
    return answer_refused(refused)


def _failed(error: Exception) -> GraphQLError:
    return GraphQLError(str(error), original_error=error)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


async def _always() -> bool:
    return True
