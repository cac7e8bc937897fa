"""``X-Encrypt-Response``: a caller who asks for a sealed answer never gets a plain one."""

from collections.abc import AsyncIterator

import pytest

from tests.sealing.messages import Wire, send
from tests.sealing.tiny_sealed import MADE, SealedTiny, serve_sealed_tiny

HEADER = "x-encrypt-response"
PLAIN_ROUTES = ["/livez", "/readyz", "/health", "/metrics", "/docs", "/openapi.json", "/docs/assets/swagger-ui.css"]
MALFORMED = ["", "1", "0", "yes", "TRUE", "True", "false, false", "true, true", "true;q=1", '"true"']


@pytest.fixture(scope="module")
async def tiny() -> AsyncIterator[SealedTiny]:
    """The tiny service."""
    async with serve_sealed_tiny() as tiny:
        yield tiny


@pytest.mark.parametrize("value", MALFORMED, ids=repr)
@pytest.mark.parametrize("path", [*PLAIN_ROUTES, "/nowhere"])
async def test_a_malformed_value_is_refused_everywhere(tiny: SealedTiny, path: str, value: str) -> None:
    """A malformed value is refused everywhere, on probes and unknown paths too: no plain answer passes for sealed."""
    answer = await send(tiny.url, Wire("GET", path, ((HEADER, value),)))

    assert (answer.status, answer.code) == (400, "invalid_encrypt_response")


@pytest.mark.parametrize("values", [*([value] for value in MALFORMED), ["true", "true"], ["false", "false"]], ids=repr)
@pytest.mark.parametrize("mode", ["service", "encrypted", "optional", "public"])
@pytest.mark.parametrize("is_sealed", [True, False], ids=["sealed", "plain"])
async def test_a_malformed_value_has_no_effect(
    tiny: SealedTiny, mode: str, values: list[str], *, is_sealed: bool
) -> None:
    """On a route of each mode, sealed or plain, the request is refused before it has an effect."""
    MADE.clear()
    wire = tiny.forge(mode).valid() if is_sealed else tiny.forge(mode).plain()
    for value in values:
        wire = wire.adding(HEADER, value)

    answer = await send(tiny.url, wire)

    assert (answer.status, answer.code) == (400, "invalid_encrypt_response")
    assert MADE == []


@pytest.mark.parametrize("path", PLAIN_ROUTES)
async def test_a_route_without_encryption_says_so(tiny: SealedTiny, path: str) -> None:
    """A probe or the documentation refuses a request for a sealed answer; with ``false`` it answers."""
    asking = await send(tiny.url, Wire("GET", path, ((HEADER, "true"),)))
    content = await send(tiny.url, Wire("GET", path, ((HEADER, "false"),)))

    assert (asking.status, asking.code) == (400, "encryption_unavailable")
    assert content.status == 200


@pytest.mark.parametrize("value", ["true", "false"])
async def test_a_sealed_request_is_answered_sealed(tiny: SealedTiny, value: str) -> None:
    """A sealed request is answered sealed for both values of the header."""
    message = tiny.forge("optional").message()

    answer = await send(tiny.url, message.wire.adding(HEADER, value))

    assert message.open(answer).status == 200
