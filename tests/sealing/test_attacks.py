import base64
from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest
from cryptography.fernet import Fernet

from tests.sealing.aliases import CountEffects
from tests.sealing.attacks import Attack, refusals, with_token
from tests.sealing.messages import CALLER, KEY_ID, Forge, Wire, read_ring, send, variable

MINUTE_MS = 60_000


def with_flipped_bit(forge: Forge, position: int) -> Wire:
    """Flip a bit of the token's bytes, and encode them correctly."""

    def flip(token: bytes) -> bytes:
        raw = bytearray(base64.urlsafe_b64decode(token))
        raw[position] ^= 1
        return base64.urlsafe_b64encode(raw)

    return with_token(forge, flip)


def with_raw(forge: Forge, change: Callable[[bytes], bytes]) -> Wire:
    """Change the token's bytes, and encode them correctly."""
    return with_token(forge, lambda token: base64.urlsafe_b64encode(change(base64.urlsafe_b64decode(token))))


def elsewhere(forge: Forge, **target: str) -> Wire:
    """Seal for another path, and send it to this one."""
    wire = forge.valid()
    other = replace(forge, **target)  # type: ignore[arg-type]
    return replace(other.valid(), method=wire.method, target=wire.target)


def another(forge: Forge) -> str:
    """Return a service for which the message is not."""
    return "analytics" if forge.callee == "user" else "user"


def for_another_service(forge: Forge) -> Wire:
    """Take a message that is valid at another service: same path, its own key."""
    return replace(forge, callee=another(forge)).valid()


def with_wrong_key(forge: Forge) -> Wire:
    """Seal with a key of the attacker's own under the id of the right one."""
    key_id = next(iter(read_ring(forge.keys, forge.caller, forge.callee)))
    own = {variable(forge.caller, forge.callee): f"{key_id}:{Fernet.generate_key().decode()}"}
    return replace(forge, keys={**forge.keys, **own}).valid()


def with_key_of(forge: Forge, sender: str, receiver: str) -> Wire:
    """Seal an otherwise valid message with the key of another direction."""
    own = {variable(forge.caller, forge.callee): forge.keys[variable(sender, receiver)]}
    return replace(forge, keys={**forge.keys, **own}).valid()


def as_order(forge: Forge) -> Wire:
    """Claim another service's name with the key of one's own link, inside and outside."""
    own = {variable("order", forge.callee): forge.keys[variable(forge.caller, forge.callee)]}
    return replace(forge, caller="order", keys={**forge.keys, **own}).valid()


def a_response(forge: Forge) -> Wire:
    """Send a response that this caller could have sealed for this very service as a request."""
    fields = forge.fields() | {"typ": "res", "req": "A" * 43, "st": 200}
    return forge.sealing(orjson.dumps({name: value for name, value in fields.items() if name not in {"m", "p", "q"}}))


def reflected(forge: Forge) -> Wire:
    """Send a service's own message back to it."""
    back = replace(forge, caller=forge.callee, callee=forge.caller).valid()
    return replace(forge.valid(), body=back.body)


def repeating(forge: Forge, field: bytes) -> Wire:
    """Repeat a field inside."""
    plaintext = orjson.dumps(forge.fields())
    return forge.sealing(plaintext[:-1] + b"," + field + b"}")


UNTRUSTED: dict[str, Attack] = {
    "another path": lambda forge: elsewhere(forge, path="/api/v1/users/login"),
    "another spelling of the path": lambda forge: elsewhere(forge, path=forge.path.replace("v1", "%761")),
    "another method": lambda forge: elsewhere(forge, method="PUT"),
    "method in lower case": lambda forge: elsewhere(forge, method="post"),
    "another query": lambda forge: elsewhere(forge, query="force=true"),
    "query added on the way": lambda forge: replace(forge.valid(), target=f"{forge.path}?force=true"),
    "for another service": for_another_service,
    "31 s old": lambda forge: forge.message(late_ms=31_000).wire,
    "a day old": lambda forge: forge.message(late_ms=1440 * MINUTE_MS).wire,
    "10 s in the future": lambda forge: forge.message(late_ms=-10_000).wire,
    "unknown caller": lambda forge: forge.valid().setting(CALLER, "nobody"),
    "no caller": lambda forge: forge.valid().without(CALLER),
    "itself as caller": lambda forge: forge.valid().setting(CALLER, forge.callee),
    "unknown key id": lambda forge: forge.valid().setting(KEY_ID, "k99"),
    "no key id": lambda forge: forge.valid().without(KEY_ID),
    "wrong key": with_wrong_key,
    "its own key, another's name": as_order,
    "its own key, another's name outside": lambda forge: forge.valid().setting(CALLER, "order"),
    "its own key, another's name inside": lambda forge: as_order(forge).setting(CALLER, forge.caller),
    "the key of the other direction": lambda forge: with_key_of(forge, forge.callee, forge.caller),
    "the key of another link": lambda forge: with_key_of(forge, "client", another(forge)),
    "a response as a request": a_response,
    "its own message": reflected,
    **{
        f"bit flipped at {position}": lambda forge, position=position: with_flipped_bit(forge, position)  # type: ignore[misc]
        for position in (0, 1, 8, 9, 24, 25, 60, -33, -32, -1)
    },
    "truncated": lambda forge: with_raw(forge, lambda raw: raw[:-16]),
    "version and time alone": lambda forge: with_raw(forge, lambda raw: raw[:9]),
    "a block more": lambda forge: with_raw(forge, lambda raw: raw + bytes(16)),
    "nothing": lambda forge: with_raw(forge, lambda _: b"\x80"),
    "zeros": lambda forge: with_raw(forge, lambda raw: bytes(len(raw))),
    "empty plaintext": lambda forge: forge.sealing(b""),
    "no JSON inside": lambda forge: forge.sealing(b"v=1"),
    "bad UTF-8 inside": lambda forge: forge.sealing(b'{"v":"\xff"}'),
    "a list inside": lambda forge: forge.sealing(b"[1]"),
    "a field twice": lambda forge: repeating(forge, b'"aud":"user"'),
    "a header twice": lambda forge: forge.sealing(
        orjson.dumps(forge.fields()).replace(b'"h":{', b'"h":{"content-type":"text/plain",')
    ),
    "a time of 400 digits": lambda forge: forge.sealing(
        orjson.dumps(forge.fields() | {"iat_ms": 0}).replace(b'"iat_ms":0', b'"iat_ms":' + b"9" * 400)
    ),
    "an inner header that is not allowed": lambda forge: forge.crafted(h={"x-caller": "admin"}),
    "an inner header in capitals": lambda forge: forge.crafted(h={"Authorization": "Bearer x"}),
    **{
        f"inside {name}={value!r}": lambda forge, name=name, value=value: forge.crafted(**{name: value})  # type: ignore[misc]
        for name, value in {
            "v": 2, "typ": "res", "iss": "order", "aud": "order", "kid": "k99", "m": "GET", "p": "/", "q": "x=1",
        }.items()
    },
    **{
        f"inside {name} is {value!r}": lambda forge, name=name, value=value: forge.crafted(**{name: value})  # type: ignore[misc]
        for name, value in [
            ("v", "1"), ("v", True), ("v", 1.0), ("iat_ms", "now"), ("iat_ms", True), ("iat_ms", 2**63),
            ("iat_ms", -(2**63)), ("iat_ms", 1e300), ("h", []), ("h", {"content-type": 1}), ("b", {}), ("rid", 7),
            ("extra", 1), ("p", ["/"]), ("iss", {}), ("rid", ""), ("rid", "a" * 21), ("rid", "a" * 65),
            ("rid", "a" * 5000),
            ("rid", "a" * 22 + "\n"), ("rid", "\x01" + "a" * 22), ("rid", "é" * 22), ("rid", "a b" * 8),
            ("iat_ms", -1), ("h", {"": "x"}), ("b", 7), ("kid", []), ("m", "post"),
        ]
    },
    **{
        f"without {name}": lambda forge, name=name: forge.crafted(**{name: None})  # type: ignore[misc]
        for name in ("v", "typ", "iss", "aud", "kid", "rid", "iat_ms", "m", "p", "q", "h", "b")
    },
}  # fmt: skip


@pytest.mark.parametrize("name", UNTRUSTED)
async def test_what_cannot_be_trusted_is_refused(
    mutations: list[Forge], url: dict[str, str], count_effects: CountEffects, name: str
) -> None:
    """A message that looks sealed and is wrong in any way is refused, and has no effect."""
    before = await count_effects()

    assert await refusals(mutations, url, UNTRUSTED[name]) == {(401, "unauthenticated")}
    assert await count_effects() == before


async def test_a_refusal_does_not_tell_its_reason(events: Forge, users: Forge, url: dict[str, str]) -> None:
    """Every 401 is the same byte for byte, a replay's too, so that a forger learns nothing."""
    answers = set()
    for forge in (events, users):
        for make in UNTRUSTED.values():
            answers.add((await send(url[forge.callee], make(forge))).without_date)
        wire = forge.valid()
        await send(url[forge.callee], wire)
        answers.add((await send(url[forge.callee], wire)).without_date)

    assert len(answers) == 1


async def test_a_valid_message_works(
    mutations: list[Forge], url: dict[str, str], clean: None, count_effects: CountEffects
) -> None:
    """The message on which the attacks above are based is accepted, has its effect, and is answered sealed."""
    messages = [(forge, forge.message()) for forge in mutations]

    opened = [message.open(await send(url[forge.callee], message.wire)) for forge, message in messages]

    assert [answer.status for answer in opened] == [201] * len(mutations)
    assert await count_effects() == len(mutations)
