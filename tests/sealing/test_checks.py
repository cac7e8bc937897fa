import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from tests.sealing.messages import KEY_ID, MARK, Forge, Wire, read_answer, send
from tests.sealing.tiny_sealed import MADE, SECRET, THINGS, SealedTiny, serve_sealed_tiny
from tests.support.fault_proxy import read_message
from tests.support.plain import FOR_BROWSERS

MODES = ("service", "encrypted", "optional", "public")


@pytest.fixture(scope="module")
async def strict() -> AsyncIterator[SealedTiny]:
    """The tiny service with its default settings."""
    async with serve_sealed_tiny() as tiny:
        yield tiny


@pytest.fixture(scope="module")
async def permissive() -> AsyncIterator[SealedTiny]:
    """The tiny service with the permissive settings of a developer."""
    async with serve_sealed_tiny(encryption_mode="permissive") as tiny:
        yield tiny


@pytest.fixture
def tiny(strict: SealedTiny) -> SealedTiny:
    """The strict tiny service, without any things stored."""
    strict.clock.ahead_ms = 0
    strict.replays.is_down = False
    MADE.clear()
    return strict


async def test_the_checks_are_made_in_their_order(tiny: SealedTiny) -> None:
    """A request that is wrong in every way is refused for one reason at a time, in the order of the protocol."""
    forge = tiny.forge(json={"name": "unlucky", "more": SECRET}, headers={"traceparent": "one"})
    wire, told = forge.message(late_ms=31_000).wire, []
    wire = replace(wire, target=f"{THINGS}/nowhere", method="PUT", body=wire.body + b"," * 2048)
    wire = wire.setting(MARK, "maybe").adding("content-encoding", "gzip").adding("traceparent", "another")
    tiny.replays.is_down = True

    async def tell() -> None:
        answer = await send(tiny.url, wire)
        assert not answer.is_sealed
        told.append((answer.status, answer.code))

    await tell()
    wire = replace(wire, target=forge.path)
    await tell()
    wire = replace(wire, method="POST")
    await tell()
    wire = wire.without("content-encoding")
    await tell()
    wire = replace(wire, body=wire.body.rstrip(b",") + b",")
    await tell()
    wire = wire.setting(MARK, "encrypted")
    await tell()
    wire = replace(wire, body=wire.body.rstrip(b","))
    await tell()

    assert told == [
        (404, "not_found"),
        (405, "method_not_allowed"),
        (415, "unsupported_media_type"),
        (413, "payload_too_large"),
        (400, "encryption_required"),
        (400, "bad_envelope"),
        (401, "unauthenticated"),
    ]


async def test_the_checks_after_the_seal_are_answered_sealed(tiny: SealedTiny) -> None:
    """Once the caller is known further refusals are sealed, in the protocol's order, and contain no secret."""
    said: dict[str, str] = {"traceparent": "one"}
    forge, told = tiny.forge(json={"name": "unlucky", "more": SECRET}, headers=said), []

    async def tell(forge: Forge, change: Callable[[Wire], Wire] = lambda wire: wire) -> None:
        message = forge.message()
        answer = await send(tiny.url, change(message.wire))
        opened = message.open(answer)
        assert SECRET.encode() not in answer.body + opened.body
        told.append((opened.status, opened.code))

    def contradict(wire: Wire) -> Wire:
        return wire.adding("traceparent", "another")

    tiny.replays.is_down = True
    await tell(forge, contradict)
    tiny.replays.is_down = False
    await tell(forge, contradict)
    await tell(forge)
    await tell(replace(forge, json={"name": "unlucky"}))
    await tell(replace(forge, json={"name": "cup"}))

    assert told == [
        (503, "database_unavailable"),
        (400, "header_conflict"),
        (422, "invalid_request"),
        (500, "internal_error"),
        (200, ""),
    ]
    assert MADE == ["cup"]


async def test_nothing_is_accepted_unseen(tiny: SealedTiny) -> None:
    """While the replay store is down a sealed request has no effect; when it is back, the same request has."""
    message = tiny.forge().message()
    tiny.replays.is_down = True
    refused = message.open(await send(tiny.url, message.wire))
    made = len(MADE)
    tiny.replays.is_down = False
    accepted = message.open(await send(tiny.url, message.wire))

    assert (refused.status, made) == (503, 0)
    assert (accepted.status, MADE) == (200, ["cup"])


@pytest.mark.parametrize(("age_ms", "status"), [(29_000, 200), (31_000, 401), (-4_000, 200), (-6_000, 401)], ids=str)
async def test_age_counts_when_the_body_is_there(tiny: SealedTiny, age_ms: int, status: int) -> None:
    """The age of a message is checked at the end of its body, not at the beginning."""
    data, address = tiny.forge().valid().encode(), urlsplit(tiny.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)

    with closing(writer):
        for part in data[:-40], data[-40:-1]:
            writer.write(part)
            await writer.drain()
        tiny.clock.ahead_ms = age_ms
        writer.write(data[-1:])
        answer = read_answer(await read_message(reader))

    assert answer.status == status
    assert len(MADE) == (status == 200)


@pytest.mark.parametrize("caller", ["client", "order"])
async def test_a_service_route_is_for_whom_it_names(tiny: SealedTiny, caller: str) -> None:
    """A linked peer that the route does not name is refused as unknown."""
    answer = await send(tiny.url, tiny.forge("service", caller=caller).valid())

    assert answer.status == {"order": 200, "client": 401}[caller]
    assert len(MADE) == (caller == "order")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("is_strict", [True, False], ids=["strict", "permissive"])
async def test_a_mode_says_what_is_taken(
    tiny: SealedTiny, permissive: SealedTiny, mode: str, *, is_strict: bool
) -> None:
    """Each mode accepts or refuses plain and sealed requests, and requests for a sealed answer, as the table states."""
    service = tiny if is_strict else permissive
    forge = service.forge(mode)
    plain = await send(service.url, forge.plain())
    sealed = await send(service.url, forge.valid())
    asking = await send(service.url, forge.plain().adding("x-encrypt-response", "true"))

    takes_plain = mode in {"optional", "public"} or (mode == "encrypted" and not is_strict)
    assert plain.status == (200 if takes_plain else 400)
    assert takes_plain or plain.code == "encryption_required"
    assert not plain.is_sealed
    assert sealed.is_sealed == (mode != "public")
    assert mode != "public" or (sealed.status, sealed.code) == (400, "encryption_unavailable")
    assert (asking.status, asking.code) == (400, "encryption_unavailable" if takes_plain else "encryption_required")
    assert len(MADE) == takes_plain + (mode != "public")


async def test_production_is_strict() -> None:
    """In production no setting makes a route of mode ``encrypted`` accept plain requests."""
    async with serve_sealed_tiny(environment="production", encryption_mode="permissive") as tiny:
        answer = await send(tiny.url, tiny.forge("encrypted").plain())

        assert (answer.status, answer.code, MADE) == (400, "encryption_required", [])


async def test_a_sealed_answer_shows_nothing(tiny: SealedTiny) -> None:
    """A sealed answer shows status, mark, key id and framing; the route's content is only inside."""
    message = tiny.forge(json={"name": SECRET}).message()

    answer = await send(tiny.url, message.wire)

    outside = {name for name, _ in answer.headers} - FOR_BROWSERS
    assert outside == {"date", MARK, KEY_ID, "content-type", "content-length", "x-request-id"}
    assert SECRET.encode() not in answer.body
    assert SECRET.encode() in message.open(answer).body


INVALID_VALUES = {
    "a control character": {"if-match": "a\x01b"},
    "a line's end": {"idempotency-key": "key\r\nx-more: 1"},
    "beyond Latin-1": {"content-type": "application/json; charset=\u20ac"},
    **{
        f"address {address!r}": {"x-client-address": address}
        for address in ("", "nowhere", "1.2.3", "1.2.3.4.5", "::1%" + "a" * 70, "192.0.2.7, 192.0.2.8", "\u0661.0.0.1")
    },
}


@pytest.mark.parametrize("name", INVALID_VALUES)
async def test_an_inner_header_has_a_length_and_an_alphabet(tiny: SealedTiny, name: str) -> None:
    """An inner header that HTTP would not carry is a sealed 400 that names it, and has no effect."""
    headers = INVALID_VALUES[name]
    message = tiny.forge(headers={"content-type": "application/json", **headers}).message()

    opened = message.open(await send(tiny.url, message.wire))

    assert (opened.status, opened.code, MADE) == (400, "invalid_inner_header", [])
    assert next(iter(headers)).encode() in opened.body


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7"])
async def test_an_inner_address_of_either_kind_is_taken(tiny: SealedTiny, address: str) -> None:
    """IPv4 and IPv6 addresses are accepted, beside every other inner header."""
    others = ("authorization", "if-match", "if-none-match", "idempotency-key", "traceparent")
    headers = {"content-type": "application/json", "x-request-timeout-ms": "2000", **dict.fromkeys(others, "x")}
    message = tiny.forge(headers={**headers, "x-client-address": address}).message()

    assert message.open(await send(tiny.url, message.wire)).status == 200
