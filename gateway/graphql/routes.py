"""``/graphql``: POST for operations of any kind, GET for queries and subscriptions."""

from typing import Annotated, Any

from fastapi import Query, Request, Response

from chassis.application import own_part
from chassis.core.errors import PayloadTooLarge, TooManyRequests
from chassis.core.problems import documented
from chassis.idempotency.kinds import UNREPEATABLE
from chassis.sealing.access import public
from chassis.web.etag import NOT_MODIFIED
from chassis.web.routing import Router
from gateway.caller import Caller, Calling
from gateway.graphql.context import Context
from gateway.graphql.endpoint import Endpoint
from gateway.graphql.media_types import EVENTS, GRAPHQL, JSON, PAGE, choose
from gateway.graphql.page import SchemaPage
from gateway.graphql.requests import (
    MAX_BODY,
    GraphQLRequest,
    NotAcceptable,
    NotJson,
    NotJsonType,
    NotOneRequest,
    NoWebSocket,
    QueryParameters,
    read_body,
    read_query,
)
from gateway.graphql.subscriptions import TooManySubscribers, TooManySubscriptions
from gateway.parts import Parts
from gateway.rate_limits.counted import counted
from gateway.until_sent import UntilSent

_ERRORS = (TooManyRequests, NotJson, NotOneRequest, NotAcceptable, TooManySubscriptions, TooManySubscribers)
_RESULT: dict[str, Any] = {"schema": {"type": "object", "properties": {"data": {}, "errors": {}, "extensions": {}}}}
_RESULTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The data; events for a subscription.",
        "content": dict.fromkeys((GRAPHQL, JSON, EVENTS), _RESULT),
    },
    294: {"description": "Data and errors beside it.", "content": dict.fromkeys((GRAPHQL, JSON), _RESULT)},
}
_REFUSED = {"content": {GRAPHQL: _RESULT}}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"description": "The document cannot be parsed, or the request is malformed.", **_REFUSED},
    403: {"description": "The document is not trusted.", **_REFUSED},
    404: {"description": "No trusted document has this id.", **_REFUSED},
    422: {"description": "It does not fit the schema, exceeds a limit, or is not a GraphQL request.", **_REFUSED},
}
_BY_GET: dict[int | str, dict[str, Any]] = {405: {"description": "A mutation is sent by POST.", **_REFUSED}}
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
        responses=documented(*_ERRORS, NotJsonType, PayloadTooLarge, beside=_RESULTS | _REFUSALS),
        openapi_extra={"requestBody": _BODY},
    )
    async def execute_graphql(request: Request, calling: Calling, until_sent: UntilSent) -> Response:
        """Execute a GraphQL operation. An idempotency key is an argument of a mutation."""
        return await endpoint.serve(await read_body(request), request, _context(request, calling), until_sent)

    @router.get(
        "/graphql",
        access=public(),
        dependencies=[counted()],
        response_class=Response,
        responses=documented(*_ERRORS, NoWebSocket, beside=_RESULTS | NOT_MODIFIED | _REFUSALS | _BY_GET),
    )
    async def query_graphql(
        request: Request, calling: Calling, until_sent: UntilSent, parameters: Annotated[QueryParameters, Query()]
    ) -> Response:
        """Execute a GraphQL query or subscription. The answer to a trusted document may be stored and revalidated."""
        wanted = choose(", ".join(request.headers.getlist("accept")), (JSON, GRAPHQL, EVENTS, PAGE))
        if page and wanted == PAGE and not request.query_params:
            return page.answer()
        return await endpoint.serve(read_query(request, parameters), request, _context(request, calling), until_sent)

    return router


def _context(request: Request, calling: Caller) -> Context:
    return Context(calling, own_part(request.app, Parts))
