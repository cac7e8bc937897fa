"""``/graphql``: POST for operations of any kind, GET for queries and subscriptions."""

from typing import Any

from fastapi import Request, Response

from chassis.core.errors import PayloadTooLarge, TooManyRequests
from chassis.core.problems import documented
from chassis.idempotency.kinds import UNREPEATABLE
from chassis.sealing.access import public
from chassis.web.routing import Router
from gateway.caller import Calling
from gateway.graphql.context import Context
from gateway.graphql.endpoint import Endpoint
from gateway.graphql.media_types import EVENTS, GRAPHQL, JSON, PAGE, choose
from gateway.graphql.page import SchemaPage
from gateway.graphql.requests import (
    GraphQLRequest,
    NotAcceptable,
    NotJson,
    NotJsonType,
    NotOneRequest,
    NoWebSocket,
    read_body,
    read_query,
)
from gateway.graphql.subscriptions import TooManySubscribers, TooManySubscriptions
from gateway.rate_limits.counted import counted
from gateway.until_sent import UntilSent

MAX_BODY = 64 * 1024
_ERRORS = (TooManyRequests, NotJson, NotOneRequest, NotAcceptable, TooManySubscriptions, TooManySubscribers)
_RESULT: dict[str, Any] = {"schema": {"type": "object", "properties": {"data": {}, "errors": {}, "extensions": {}}}}
_RESULTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The data; events for a subscription.",
        "content": dict.fromkeys((GRAPHQL, JSON, EVENTS), _RESULT),
    },
    294: {"description": "Data and errors beside it.", "content": dict.fromkeys((GRAPHQL, JSON), _RESULT)},
}
_BODY = {"required": True, "content": {JSON: {"schema": GraphQLRequest.model_json_schema()}}}


def graphql_router(endpoint: Endpoint, page: SchemaPage | None) -> Router:
    """
    Return the routes.

    Args:
        page: The page for browsers that open the address; None: there is none.
    """
    router = Router("", "graphql", "Queries, mutations and subscriptions in one language.")

    @router.post(
        "/graphql",
        access=public(),
        dependencies=[counted()],
        idempotency=UNREPEATABLE,
        max_body=MAX_BODY,
        response_class=Response,
        responses=documented(*_ERRORS, NotJsonType, PayloadTooLarge, beside=_RESULTS),
        openapi_extra={"requestBody": _BODY},
    )
    async def execute_graphql(request: Request, calling: Calling, until_sent: UntilSent) -> Response:
        """Execute a GraphQL operation. An idempotency key is an argument of a mutation."""
        return await endpoint.serve(await read_body(request), request, Context(calling), until_sent)

    @router.get(
        "/graphql",
        access=public(),
        dependencies=[counted()],
        response_class=Response,
        responses=documented(*_ERRORS, NoWebSocket, beside=_RESULTS),
    )
    async def query_graphql(request: Request, calling: Calling, until_sent: UntilSent) -> Response:
        """
        Execute a GraphQL query or subscription.

        Its parameters are `query` or `documentId`, `variables`, `operationName` and `extensions`.
        """
        wanted = choose(", ".join(request.headers.getlist("accept")), (JSON, GRAPHQL, EVENTS, PAGE))
        if page and wanted == PAGE and not request.query_params:
            return page.answer()
        return await endpoint.serve(read_query(request), request, Context(calling), until_sent)

    return router
