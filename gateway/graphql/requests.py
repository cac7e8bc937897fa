"""Reading a GraphQL request from a body or from a query (GraphQL over HTTP, release September 2026)."""

from typing import Annotated, Any, Self

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from chassis.core import json as strict_json
from chassis.core.errors import AppError, BadRequest, InvalidRequest, UnsupportedMediaType
from chassis.core.problems import field_error
from chassis.web.routing import MOST_COMMAS
from gateway.graphql.media_types import EVENTS, GRAPHQL, JSON, is_json

MAX_BODY = 64 * 1024
_LONGEST_ID = 100
_LONGEST_NAME = 256
_JSON_PARAMETERS = frozenset({"variables", "extensions"})


class NotJson(BadRequest):
    """The body, or a parameter that must be JSON, cannot be parsed (400)."""

    code = "not_json"


class NotOneRequest(InvalidRequest):
    """The request is not a well-formed GraphQL request (422)."""

    code = "not_a_graphql_request"
    message = 'Send {"query": "…"} or {"documentId": "sha256:…"}, and "variables" if the operation has some.'


class NoWebSocket(BadRequest):
    """The request wants a WebSocket (400)."""

    code = "no_websocket"
    message = "There are no WebSockets here: send a subscription like a query, with Accept: text/event-stream."


class NotJsonType(UnsupportedMediaType):
    """The body is not declared as JSON (415)."""

    message = "Send the request as JSON, with Content-Type: application/json."


class NotAcceptable(AppError):
    """The client accepts no media type that there is (406)."""

    status = 406
    code = "not_acceptable"
    message = f"Accept {GRAPHQL}, {JSON}, or {EVENTS}."


class GraphQLRequest(BaseModel):
    """
    What a client asks for. Unknown members are ignored, as the specification requires.

    Attributes:
        query: The document; or instead:
        document_id: The id of a trusted document.
    """

    model_config = ConfigDict(strict=True, frozen=True)

    query: Annotated[str | None, Field(max_length=MAX_BODY)] = None
    document_id: Annotated[str | None, Field(alias="documentId", max_length=_LONGEST_ID)] = None
    operation_name: Annotated[str | None, Field(alias="operationName", max_length=_LONGEST_NAME)] = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _has_one_document(self) -> Self:
        if (self.query is None) == (self.document_id is None):
            raise ValueError("send either query or documentId")
        return self


class QueryParameters(BaseModel):
    """The same in the query of a GET: variables and extensions are JSON."""

    query: str | None = None
    document_id: Annotated[str | None, Field(alias="documentId")] = None
    operation_name: Annotated[str | None, Field(alias="operationName")] = None
    variables: str | None = None
    extensions: str | None = None


async def read_body(request: Request) -> GraphQLRequest:
    """
    Read the body of a POST.

    Raises:
        UnsupportedMediaType: It is not declared as JSON (415); a form of another site could send it.
        NotJson: It is not strict JSON (400).
        NotOneRequest: It is a batch, or a member is missing or of a wrong type (422).
    """
    if not is_json(request.headers.get("content-type", "")):
        raise NotJsonType
    body = _parse(await request.body(), "The body")
    if isinstance(body, list):
        raise NotOneRequest("Send one request at a time: batches are not supported.")
    if not isinstance(body, dict):
        raise NotOneRequest
    return _validated(body, "body")


def read_query(request: Request, parameters: QueryParameters) -> GraphQLRequest:
    """
    Read the query of a GET.

    Raises:
        NoWebSocket: The client wants to change the protocol (400).
        NotJson: The variables or extensions are not strict JSON (400).
        NotOneRequest: A parameter is missing or repeated, or a value is of a wrong type (422).
    """
    if request.headers.get("upgrade", "").lower() == "websocket":
        raise NoWebSocket
    names = [name for name, _ in request.query_params.multi_items()]
    if len({*names}) < len(names):
        raise NotOneRequest("A parameter is repeated: send each once.")
    given = parameters.model_dump(by_alias=True)
    named = {name: value for name, value in given.items() if value}  # an empty one is the same as none
    return _validated({name: _parameter(name, value) for name, value in named.items()}, "query")


def _parameter(name: str, value: str) -> object:
    return _parse(value.encode(), f"The parameter {name}") if name in _JSON_PARAMETERS else value


def _parse(text: bytes, what: str) -> object:
    try:
        return strict_json.with_numbers(strict_json.loads(text, MOST_COMMAS))
    except strict_json.InvalidJson as error:
        raise NotJson(f"{what} is not valid JSON: {error}.") from error


def _validated(members: dict[str, object], where: str) -> GraphQLRequest:
    try:
        return GraphQLRequest.model_validate(members)
    except ValidationError as error:
        errors = [field_error({**one, "loc": (where, *one["loc"])}) for one in error.errors(include_input=False)]
        raise NotOneRequest(errors=errors) from error
