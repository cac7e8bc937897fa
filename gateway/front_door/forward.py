"""Sending a person's request on to a service."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from chassis.core import json as strict_json
from chassis.core.errors import BadRequest, InvalidRequest, PayloadTooLarge, UriTooLong
from chassis.core.lifecycle import Draining
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.forwarding import forward, stream
from chassis.idempotency.kinds import InvalidIdempotencyKey
from chassis.sealing.wire import TokenTooLong
from chassis.web.routing import MOST_COMMAS
from gateway.front_door.headers import answer_headers, plain_headers, sealed_headers
from gateway.front_door.table import Open

_BODILESS = frozenset({204, 205, 304})
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_TICK_S = 0.5
"""How soon a stream of events notices that the gateway stops."""


class NotText(BadRequest):
    """The body is not text (400)."""

    code = "not_text"
    message = "The body must be text in UTF-8, without control characters."


class TooManyValues(InvalidRequest):
    """The body has more values than any route needs (422)."""

    code = "too_many_values"
    message = f"The body has more than {MOST_COMMAS} values."


async def forward_sealed(route: Open, request: Request, dispatcher: Dispatcher, max_body: int) -> Response:
    """
    Send a request on, sealed, and pass on the answer, whatever its status.

    Args:
        max_body: The cap on the body, in bytes.

    Raises:
        PayloadTooLarge: The body is longer (413).
        InvalidIdempotencyKey: The route needs no login, so that a key would belong to all people (400).
        RepeatedHeader: A header that may occur once occurs twice (400).
        NotText: The body is not text (400).
        TooManyValues: The body has more values than any route needs (422).
        UriTooLong: Query and headers do not fit into a sealed message without a body (414).
        ServiceUnavailable: The service cannot be reached (503).
    """
    headers, body = sealed_headers(request), await request.body()
    has_key = "idempotency-key" in headers
    if has_key and route.idempotency == "keyed" and not route.login:
        raise InvalidIdempotencyKey("This Idempotency-Key has no owner: log in, or leave the key out.")
    _check(body, max_body)
    try:
        answer = await forward(
            dispatcher,
            route.service,
            request.method,
            _path(request),
            _query(request),
            headers=headers,
            body=body,
            repeatable=route.is_repeatable(has_key=has_key),
        )
    except TokenTooLong as error:
        raise UriTooLong("Address, query and access token are too long together: about 4 KiB.") from error
    response = Response(answer.body, answer.status)
    response.raw_headers = answer_headers(answer.headers.items())
    if request.method != "HEAD" and answer.status not in _BODILESS:
        response.raw_headers.append((b"content-length", b"%d" % len(answer.body)))
    return response


async def forward_streamed(
    route: Open, request: Request, dispatcher: Dispatcher, draining: Draining, until_sent: AsyncExitStack
) -> Response:
    """
    Send a request on as it is, and pass on the answer while it arrives; a stream of events ends when the gateway does.

    Args:
        until_sent: Closed when the answer was sent, or the client has left.

    Raises:
        ServiceUnavailable: The service cannot be reached (503).
    """
    streaming = stream(
        dispatcher,
        route.service,
        request.method,
        _path(request),
        _query(request),
        headers=plain_headers(request),
        body=await request.body(),
    )
    answer = await until_sent.enter_async_context(streaming)
    is_endless = any(name == "content-type" and "text/event-stream" in value for name, value in answer.headers)
    body = _until_draining(answer.body, draining) if is_endless else answer.body
    response = StreamingResponse(body, answer.status)
    response.raw_headers = answer_headers(answer.headers)
    return response


async def _until_draining(parts: AsyncGenerator[bytes], draining: Draining) -> AsyncIterator[bytes]:
    """Yield the parts of a stream until it ends, or the gateway is told to stop."""
    while not draining.has_begun:
        following = asyncio.ensure_future(anext(parts, None))
        try:
            while not draining.has_begun and not following.done():
                await asyncio.wait({following}, timeout=_TICK_S)
        finally:
            following.cancel()
        if draining.has_begun or (part := following.result()) is None:
            return
        yield part


def _check(body: bytes, most: int) -> None:
    """
    Check a body that is sealed here: services trust what is sealed.

    Escapes and base64 make a message at most 8/3 as long as its text, but for control characters, which no JSON has.

    Raises:
        PayloadTooLarge: It is longer than *most* bytes (413).
        NotText: It cannot be sealed, or would get too long (400).
        TooManyValues: Parsing it would take too long (422).
    """
    if len(body) > most:
        raise PayloadTooLarge
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise NotText from error
    if _CONTROLS.search(text):
        raise NotText
    try:
        strict_json.refuse_many_values(body, MOST_COMMAS)
    except strict_json.InvalidJson as error:
        raise TooManyValues from error


def _path(request: Request) -> str:
    path: bytes = request.scope["raw_path"]
    return path.decode("latin-1")


def _query(request: Request) -> str:
    query: bytes = request.scope["query_string"]
    return query.decode("latin-1")
