"""The long run: ``MUTATIONS=1000000 pytest tests/sealing/test_mutations.py``; ``--randomly-seed=N`` repeats one."""

import base64
import os
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from fastapi import FastAPI

from chassis.app import create_app
from chassis.sealing.envelope import BadEnvelope, Envelope, Refused, Target
from chassis.sealing.keys import load_links
from chassis.sealing.wire import unwrap_response, wrap_response
from tests.chassis.tiny import TinySettings
from tests.sealing.messages import CALLER, KEY_ID, MARK, TOKEN, Forge, Wire, as_setting, make_keys
from tests.sealing.tiny_sealed import MADE, THINGS, Replays, router

MUTATIONS = int(os.environ.get("MUTATIONS", "4000"))
FRESH_EVERY = 1000
"""The number of mutations after which the message is replaced, because it ages."""
KEYS = make_keys("order", "client", "tiny")
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="

Mutation = Callable[[random.Random, bytes], bytes]


def flip_bit(chance: random.Random, text: bytes) -> bytes:
    """Flip one bit."""
    position = chance.randrange(len(text))
    return text[:position] + bytes([text[position] ^ 1 << chance.randrange(8)]) + text[position + 1 :]


def set_byte(chance: random.Random, text: bytes) -> bytes:
    """Set one byte to any value."""
    position = chance.randrange(len(text))
    return text[:position] + chance.randbytes(1) + text[position + 1 :]


def set_character(chance: random.Random, text: bytes) -> bytes:
    """Set one byte to a character of tokens."""
    position = chance.randrange(len(text))
    return text[:position] + bytes([chance.choice(ALPHABET)]) + text[position + 1 :]


def insert(chance: random.Random, text: bytes) -> bytes:
    """Insert some bytes."""
    position = chance.randrange(len(text) + 1)
    return text[:position] + chance.choice([b"\n", b" ", b"=", b'"', b"\\", b"\0", b"\xff", b"A"]) + text[position:]


def delete(chance: random.Random, text: bytes) -> bytes:
    """Delete some bytes."""
    start = chance.randrange(len(text))
    return text[:start] + text[start + chance.randint(1, 20) :]


def double(chance: random.Random, text: bytes) -> bytes:
    """Repeat some bytes."""
    start = chance.randrange(len(text))
    return text[:start] + text[start : start + chance.randint(1, 32)] + text[start:]


def exchange(chance: random.Random, text: bytes) -> bytes:
    """Exchange two pieces."""
    one, other = sorted(chance.sample(range(len(text) + 1), 2))
    return text[other:] + text[one:other] + text[:one]


def cut(chance: random.Random, text: bytes) -> bytes:
    """Truncate."""
    return text[: chance.randrange(len(text))]


MUTATIONS_OF_BYTES: list[Mutation] = [flip_bit, set_byte, set_character, insert, delete, double, exchange, cut]


def mutate(chance: random.Random, text: bytes) -> bytes:
    """Change *text* at one to three places."""
    changed = text
    while changed == text:
        for _ in range(chance.choice([1, 1, 1, 2, 3])):
            changed = chance.choice(MUTATIONS_OF_BYTES)(chance, changed or b"A")
    return changed


def mutate_inside(chance: random.Random, token: bytes) -> bytes:
    """Change the bytes of a token, and encode them correctly."""
    return base64.urlsafe_b64encode(mutate(chance, base64.urlsafe_b64decode(token)))


def with_token(wire: Wire, token: bytes) -> Wire:
    """Put a token in the place of the old one, be it text or not."""
    if wire.method == "GET":
        return wire.setting(TOKEN, token.decode("latin-1"))
    return replace(wire, body=b'{"encrypted_data":"' + token + b'"}')


def token_in(wire: Wire) -> bytes:
    """Return the token."""
    return dict(wire.headers)[TOKEN].encode() if wire.method == "GET" else wire.token


def mutate_message(chance: random.Random, wire: Wire, other: Wire) -> Wire:
    """Change one thing of a message; pieces of *other*, a valid message, may be used."""
    kind = chance.randrange(8)
    headers = dict(wire.headers)
    if kind <= 1:
        return with_token(wire, mutate(chance, token_in(wire)))
    if kind <= 3:
        return with_token(wire, mutate_inside(chance, token_in(wire)))
    if kind == 4:
        path, _, query = wire.target.partition("?")
        return replace(wire, target=f"{path}?{query}&" + mutate(chance, b"abcdefgh").decode("latin-1"))
    if kind == 5:
        name = chance.choice([MARK, CALLER, KEY_ID])
        return wire.setting(name, mutate(chance, headers[name].encode()).decode("latin-1"))
    if kind == 6 and wire.method != "GET":
        return replace(wire, body=mutate(chance, wire.body))
    at = chance.randrange(20, 100)
    return with_token(wire, token_in(wire)[:at] + token_in(other)[at:])


@dataclass(slots=True)
class Caught:
    """An application's answer."""

    status: int = 0
    body: bytes = b""

    async def send(self, message: Any) -> None:  # noqa: ANN401 - ASGI
        """Receive a message of the answer."""
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")


async def ask(app: FastAPI, wire: Wire) -> Caught:
    """Send a request without a network."""
    path, _, query = wire.target.partition("?")
    scope = {
        "type": "http",
        "method": wire.method,
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "headers": [
            *((name.encode(), value.encode("latin-1")) for name, value in wire.headers),
            (b"content-length", b"%d" % len(wire.body)),
        ],
    }
    caught = Caught()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": wire.body, "more_body": False}

    await app(scope, receive, caught.send)
    return caught


@pytest.fixture(scope="module")
def replays() -> Replays:
    """The replay store of the service."""
    return Replays()


@pytest.fixture(scope="module")
def app(replays: Replays) -> FastAPI:
    """The tiny service without a network, and without a log: it would contain a million refusals."""
    return create_app(TinySettings(log_level="ERROR", link_key=as_setting(keys_of("tiny"))), replays, router)


@pytest.fixture
def chance() -> random.Random:
    """Random numbers from pytest-randomly's seed."""
    return random.Random(random.getrandbits(64))  # noqa: S311 - no secret


def keys_of(service: str) -> dict[str, str]:
    """Return the keys that a service holds."""
    return {name: ring for name, ring in KEYS.items() if service.upper() in name.split("__")}


def message(method: str) -> Wire:
    """Return a valid message to a route of the tiny service."""
    path = f"{THINGS}/{'encrypted' if method == 'POST' else 'read'}"
    body = {"name": "cup"} if method == "POST" else None
    return Forge("order", "tiny", KEYS, method, path, "a=1", json=body).valid()


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_no_mutation_is_accepted(app: FastAPI, replays: Replays, chance: random.Random, method: str) -> None:
    """The service refuses every change of an accepted message, and never fails."""
    for number in range(MUTATIONS // 2):
        if number % FRESH_EVERY == 0:
            wire, other = message(method), message(method)
            assert (await ask(app, wire)).status == 200
            made, seen = len(MADE), len(replays.seen)
        mutated = mutate_message(chance, wire, other)
        answer = await ask(app, mutated)
        assert 400 <= answer.status < 500, (mutated, answer)
        assert (len(MADE), len(replays.seen)) == (made, seen), (mutated, answer)


async def test_no_mutated_answer_is_accepted(chance: random.Random) -> None:
    """The caller refuses every change of an answer, and raises nothing but a refusal."""
    target, accepted = Target("POST", THINGS, ""), []
    order, tiny = (Envelope(name, load_links(name, as_setting(keys_of(name)), set())) for name in ("order", "tiny"))
    for number in range(MUTATIONS):
        if number % FRESH_EVERY == 0:
            sealed = order.seal_request("tiny", target, {}, b"")
            opened = tiny.open_request("order", sealed.key_id, sealed.token, target)
            key_id, token = tiny.seal_response(opened, 200, {"etag": "1"}, b'{"name":"cup"}')
            assert order.open_response(sealed, key_id, token, 200).body == b'{"name":"cup"}'
        mutated = chance.choice([mutate, mutate_inside])(chance, token)
        headers, body = wrap_response("POST", 200, key_id, mutated)
        named = {name.decode(): value.decode() for name, value in headers}
        with suppress(BadEnvelope, Refused):
            accepted.append(order.open_response(sealed, *unwrap_response(named, body), 200))

    assert accepted == []
