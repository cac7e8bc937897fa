"""Sending a person's request on to a service."""

from contextlib import AsyncExitStack

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from chassis.core.errors import BadRequest, InvalidRequest, UriTooLong
from chassis.dispatch.dispatcher import Dispatcher
from chassis.idempotency.kinds import InvalidIdempotencyKey
from chassis.sealing.wire import TokenTooLong
from chassis.web.routing import MOST_COMMAS
from gateway.front_door.headers import answer_headers, plain_headers, sealed_headers
from gateway.front_door.table import Open

_BODILESS = frozenset({204, 205, 304})


class NotText(BadRequest):
    """The body is not UTF-8 (400)."""

    code = "not_text"
    message = "The body must be text in UTF-8."


class TooManyValues(InvalidRequest):
    """The body has more values than any route needs (422)."""

    code = "too_many_values"
    message = f"The body has more than {MOST_COMMAS} values."


async def forward_sealed(route: Open, request: Request, dispatcher: Dispatcher) -> Response:
    """
    Send a request on, sealed, and pass on the answer, whatever its status.

    Raises:
        InvalidIdempotencyKey: The route needs no login, so that a key would belong to all people (400).
        RepeatedHeader: A header that may occur once occurs twice (400).
        TooManyValues: The body has more commas than any route needs (422).
        NotText: The body is not UTF-8 (400).
        UriTooLong: Query and headers do not fit into a sealed message without a body (414).
        ServiceUnavailable: The service cannot be reached (503).
    """
    headers, body = sealed_headers(request), await request.body()
    has_key = "idempotency-key" in headers
    if has_key and not route.login:
        raise InvalidIdempotencyKey("This Idempotency-Key has no owner: log in, or leave the key out.")
    if body.count(b",") > MOST_COMMAS:  # services trust what is sealed
        raise TooManyValues
    try:
        answer = await dispatcher.forward(
            route.service,
            request.method,
            _path(request),
            _query(request),
            headers=headers,
            body=body,
            repeatable=route.is_repeatable(has_key=has_key),
        )
    except UnicodeDecodeError as error:
        raise NotText from error
    except TokenTooLong as error:
        raise UriTooLong("Address, query and access token are too long together: about 4 KiB.") from error
    response = Response(answer.body, answer.status)
    response.raw_headers = answer_headers(answer.headers)
    if request.method != "HEAD" and answer.status not in _BODILESS:
        response.raw_headers.append((b"content-length", b"%d" % len(answer.body)))
    return response


async def forward_streamed(
    route: Open, request: Request, dispatcher: Dispatcher, until_sent: AsyncExitStack
) -> Response:
    """
    Send a request on as it is, and pass on the answer while it arrives.

    Args:
        until_sent: Closed when the answer was sent, or the client has left.

    Raises:
        ServiceUnavailable: The service cannot be reached (503).
    """
    streaming = dispatcher.stream(
        route.service,
        request.method,
        _path(request),
        _query(request),
        headers=plain_headers(request),
        body=await request.body(),
    )
    answer = await until_sent.enter_async_context(streaming)
    response = StreamingResponse(answer.body, answer.status)
    response.raw_headers = answer_headers(answer.headers)
    return response


def _path(request: Request) -> str:
    path: bytes = request.scope["raw_path"]
    return path.decode("latin-1")


def _query(request: Request) -> str:
    query: bytes = request.scope["query_string"]
    return query.decode("latin-1")
