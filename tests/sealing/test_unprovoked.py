"""Refusals that no honest peer causes."""

from collections.abc import AsyncIterator

import pytest
from starlette.responses import StreamingResponse

from chassis.dispatch.dispatcher import Dispatcher, UnknownService
from chassis.sealing.access import optional
from chassis.sealing.envelope import BadEnvelope, Envelope, SealedRequest
from chassis.sealing.keys import load_links
from chassis.sealing.wire import (
    MAX_HEADER_TOKEN,
    TokenTooLong,
    unwrap_request,
    unwrap_response,
    wrap_request,
    wrap_response,
)
from chassis.web.routing import service_router
from tests.chassis.tiny import Tiny, serve_tiny
from tests.sealing.messages import KEY_ID, MARK, TOKEN, Forge, as_setting, make_keys, send
from tests.support.scripted_transport import OK, dispatcher_to

KEYS = make_keys("order", "tiny")
SEALED = b"A" * 100
streams = service_router("streams")


@streams.get("/whole", access=optional())
async def stream_whole() -> StreamingResponse:
    """Send in pieces."""

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"one ", b"two ", b"three"):
            yield piece

    return StreamingResponse(pieces(), media_type="text/plain")


@streams.get("/broken", access=optional())
async def stream_broken() -> StreamingResponse:
    """Fail between two pieces."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"half of a secret"
        raise RuntimeError

    return StreamingResponse(pieces(), media_type="text/plain")


@pytest.fixture(scope="module")
async def tiny() -> AsyncIterator[Tiny]:
    """The tiny service with routes that send in pieces."""
    async with serve_tiny(streams, link_key=as_setting(KEYS)) as tiny:
        yield tiny


async def test_a_service_that_is_not_declared_is_not_called() -> None:
    """Without an address, or sealed without a link, the call fails before anything is sent."""
    dispatcher, peer = dispatcher_to(OK)
    stranger = Dispatcher(
        {"stranger": "http://127.0.0.1:1"}, Envelope("order", load_links("order", as_setting(KEYS), set()))
    )

    with pytest.raises(UnknownService, match="nobody"):
        await dispatcher.send("nobody", "GET", "/")
    with pytest.raises(UnknownService, match="nobody"):
        await dispatcher.send("nobody", "GET", "/", sealed=False)
    with pytest.raises(UnknownService, match="stranger"):
        await stranger.send("stranger", "GET", "/")

    assert peer.seen == []
    await stranger.aclose()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b'{"encrypted_data":"AAAA"}'),
        ({MARK: "Encrypted"}, b'{"encrypted_data":"AAAA"}'),
        ({MARK: "encrypted"}, b""),
        ({MARK: "encrypted", TOKEN: ""}, b""),
        ({MARK: "encrypted", TOKEN: "AAA"}, b""),
        ({MARK: "encrypted", TOKEN: "AAAA\n"}, b""),
        ({MARK: "encrypted", TOKEN: "AAAA"}, b"{}"),
        ({MARK: "encrypted"}, b"[]"),
        ({MARK: "encrypted"}, b'"AAAA"'),
        ({MARK: "encrypted"}, b'{"encrypted_data":7}'),
        ({MARK: "encrypted"}, b'{"encrypted_data":"AAAA","more":1}'),
        ({MARK: "encrypted"}, b'{"encrypted_data":"AAA!"}'),
        ({MARK: "encrypted"}, b'{"encrypted_data":'),
    ],
)
def test_an_answer_without_a_token_is_not_sealed(headers: dict[str, str], body: bytes) -> None:
    """Without a mark, body or header, or in another form, a reply is a failure and never an answer."""
    with pytest.raises(BadEnvelope):
        unwrap_response(headers, body)


@pytest.mark.parametrize(
    ("method", "status", "in_header"),
    [
        ("GET", 200, False),
        ("POST", 500, False),
        ("HEAD", 200, True),
        ("GET", 304, True),
        ("GET", 204, True),
        ("GET", 205, True),
    ],
)
def test_an_answer_without_a_body_has_its_token_in_a_header(method: str, status: int, *, in_header: bool) -> None:
    """An answer to which HTTP allows no body has its token in a header; either form can be opened."""
    wrapped, body = wrap_response(method, status, "k7", SEALED)
    headers = {name.decode(): value.decode() for name, value in wrapped}

    assert (headers.get(TOKEN) is not None, body == b"") == (in_header, in_header)
    assert headers.get("content-length") == (None if in_header else str(len(body)))
    assert unwrap_response(headers, body) == ("k7", SEALED)


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_a_header_holds_6_kib_of_token(method: str) -> None:
    """A longer token in a header is refused by sender and receiver; a body may hold it."""
    longest, too_long = b"A" * MAX_HEADER_TOKEN, b"A" * (MAX_HEADER_TOKEN + 4)
    asked = SealedRequest("tiny", "k1", "a" * 22, "", longest)

    headers, body = wrap_request("order", method, asked)

    assert (dict(headers)[TOKEN], body) == (longest.decode(), b"")
    assert dict(headers) == {MARK: "encrypted", "x-service-name": "order", KEY_ID: "k1", TOKEN: longest.decode()}
    assert unwrap_request(method, [longest], b"") == longest
    with pytest.raises(TokenTooLong, match="the token has 6148 bytes; a header may have 6144"):
        wrap_request("order", method, SealedRequest("tiny", "k1", "a" * 22, "", too_long))
    with pytest.raises(BadEnvelope):
        unwrap_request(method, [too_long], b"")
    assert wrap_request("order", "POST", SealedRequest("tiny", "k1", "a" * 22, "", too_long))[1].count(b"A") == 6148


async def test_what_is_sent_in_pieces_is_sealed_as_one(tiny: Tiny) -> None:
    """The caller gets the whole answer."""
    message = Forge("order", "tiny", KEYS, "GET", "/api/v1/streams/whole").message()

    opened = message.open(await send(str(tiny.client.base_url).rstrip("/"), message.wire))

    assert (opened.status, opened.body) == (200, b"one two three")


async def test_an_answer_that_fails_half_way_is_a_failure(tiny: Tiny) -> None:
    """Nothing has been sent yet, so the caller gets a sealed 500, and none of the first half."""
    message = Forge("order", "tiny", KEYS, "GET", "/api/v1/streams/broken").message()

    opened = message.open(await send(str(tiny.client.base_url).rstrip("/"), message.wire))

    assert (opened.status, opened.code) == (500, "internal_error")
    assert b"secret" not in opened.body
