import base64
import gzip
from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest
from cryptography.fernet import Fernet

from cli.links import CLIENT
from tests.sealing.aliases import CountEffects
from tests.sealing.messages import CALLER, KEY_ID, MARK, TOKEN, Answer, Forge, Wire, chunked, read_ring, send, variable

Attack = Callable[[Forge], Wire]

MINUTE_MS = 60_000
BASE64URL = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def with_token(forge: Forge, change: Callable[[bytes], bytes]) -> Wire:
    """Seal a valid message, and change the text of its token."""
    wire = forge.valid()
    return replace(wire, body=orjson.dumps({"encrypted_data": change(wire.token).decode()}))


def with_body(forge: Forge, template: bytes) -> Wire:
    """Seal a valid message, and write its token into another body."""
    wire = forge.valid()
    return replace(wire, body=template.replace(b"TOKEN", wire.token))


def with_spare_bits(forge: Forge) -> Wire:
    """Change the bits of the token's last character that no byte is made of."""
    for blocks in range(3):
        wire = replace(forge, headers={**forge.headers, "traceparent": "a" * 16 * blocks}).valid()
        token = wire.token
        if token.endswith(b"="):
            text = token.rstrip(b"=")
            last = BASE64URL[BASE64URL.index(text[-1]) ^ 1 :][:1]
            changed = text[:-1] + last + token[len(text) :]
            assert base64.urlsafe_b64decode(changed) == base64.urlsafe_b64decode(token)
            return replace(wire, body=wire.body.replace(token, changed))
    raise AssertionError


def with_flipped_bit(forge: Forge, position: int) -> Wire:
    """Flip a bit of the token's bytes, and spell them rightly."""

    def flip(token: bytes) -> bytes:
        raw = bytearray(base64.urlsafe_b64decode(token))
        raw[position] ^= 1
        return base64.urlsafe_b64encode(raw)

    return with_token(forge, flip)


def with_raw(forge: Forge, change: Callable[[bytes], bytes]) -> Wire:
    """Change the token's bytes, and spell them rightly."""
    return with_token(forge, lambda token: base64.urlsafe_b64encode(change(base64.urlsafe_b64decode(token))))


def elsewhere(forge: Forge, **target: str) -> Wire:
    """Seal for another target, and send it to this one."""
    wire = forge.valid()
    other = replace(forge, **target)  # type: ignore[arg-type]
    return replace(other.valid(), method=wire.method, target=wire.target)


def for_another_service(forge: Forge) -> Wire:
    """Take a message that is valid at another service: same path, its own key."""
    return replace(forge, callee="order").valid()


def with_wrong_key(forge: Forge) -> Wire:
    """Seal with a key of the attacker's own under the id of the right one."""
    key_id = next(iter(read_ring(forge.keys, forge.caller, forge.callee)))
    own = {variable(forge.caller, forge.callee): f"{key_id}:{Fernet.generate_key().decode()}"}
    return replace(forge, keys={**forge.keys, **own}).valid()


def with_key_of(forge: Forge, sender: str, receiver: str) -> Wire:
    """Seal a message that is right in everything else with the key of another direction."""
    own = {variable(forge.caller, forge.callee): forge.keys[variable(sender, receiver)]}
    return replace(forge, keys={**forge.keys, **own}).valid()


def as_order(forge: Forge) -> Wire:
    """Use the key of one's own link to claim another's name, inside and outside."""
    own = {variable("order", forge.callee): forge.keys[variable(forge.caller, forge.callee)]}
    return replace(forge, caller="order", keys={**forge.keys, **own}).valid()


def a_response(forge: Forge) -> Wire:
    """Send a response that this caller may well have sealed, for this very service, as if it were a request."""
    fields = forge.fields() | {"typ": "res", "req": "A" * 43, "st": 200}
    return forge.sealing(orjson.dumps({name: value for name, value in fields.items() if name not in {"m", "p", "q"}}))


def reflected(forge: Forge) -> Wire:
    """Send a service's own message back to it."""
    back = replace(forge, caller=forge.callee, callee=forge.caller).valid()
    return replace(forge.valid(), body=back.body)


def repeating(forge: Forge, field: bytes) -> Wire:
    """Say a field twice inside."""
    plaintext = orjson.dumps(forge.fields())
    return forge.sealing(plaintext[:-1] + b"," + field + b"}")


UNMARKED: dict[str, Attack] = {
    "plaintext": lambda forge: forge.plain(),
    "unmarked": lambda forge: forge.valid().without(MARK),
    "header misspelt": lambda forge: forge.valid().without(MARK).adding("x-service-comunication", "encrypted"),
    "header with underscores": lambda forge: forge.valid().without(MARK).adding("x_service_communication", "encrypted"),
}
"""What a route that needs a seal takes for a plain request."""

MISMARKED: dict[str, Attack] = {
    "doubled": lambda forge: forge.valid().adding(MARK, "encrypted"),
    "doubled and contradicting": lambda forge: forge.valid().adding(MARK, "plain"),
    **{
        f"marked {value!r}": lambda forge, value=value: forge.valid().setting(MARK, value)  # type: ignore[misc]
        for value in (
            "",
            "Encrypted",
            "ENCRYPTED",
            "encrypted, encrypted",
            "encrypted;v=1",
            "true",
            "plain",
            "encrypte",
        )
    },
}

BAD_ENVELOPES: dict[str, Attack] = {
    "newline": lambda forge: with_token(forge, lambda token: token[:50] + b"\n" + token[50:]),
    "newline at the end": lambda forge: with_token(forge, lambda token: token + b"\n"),
    "junk": lambda forge: with_token(forge, lambda token: token[:50] + b"!*" + token[50:]),
    "space": lambda forge: with_token(forge, lambda token: b" " + token),
    "beyond ASCII": lambda forge: with_token(forge, lambda token: token + "é".encode()),
    "changed padding bits": with_spare_bits,
    "more padding": lambda forge: with_token(forge, lambda token: token + b"===="),
    "another alphabet": lambda forge: with_token(forge, lambda token: b"+/+/" + token[4:]),
    "one character": lambda forge: with_token(forge, lambda token: token[:1]),
    "cut": lambda forge: with_token(forge, lambda token: token.rstrip(b"=")[:-1]),
    "no token": lambda forge: with_token(forge, lambda _: b""),
    "no body": lambda forge: replace(forge.valid(), body=b""),
    "not JSON": lambda forge: with_body(forge, b"encrypted_data=TOKEN"),
    "bare token": lambda forge: with_body(forge, b"TOKEN"),
    "list": lambda forge: with_body(forge, b'["TOKEN"]'),
    "list inside": lambda forge: with_body(forge, b'{"encrypted_data":["TOKEN"]}'),
    "number": lambda forge: with_body(forge, b'{"encrypted_data":1}'),
    "null": lambda forge: with_body(forge, b'{"encrypted_data":null}'),
    "another name": lambda forge: with_body(forge, b'{"Encrypted_Data":"TOKEN"}'),
    "name twice": lambda forge: with_body(forge, b'{"encrypted_data":"TOKEN","encrypted_data":"TOKEN"}'),
    "one name more": lambda forge: with_body(forge, b'{"encrypted_data":"TOKEN","v":1}'),
    "trailing": lambda forge: with_body(forge, b'{"encrypted_data":"TOKEN"}{}'),
    "deeply nested": lambda forge: with_body(forge, b"[" * 50_000),
    "in the header of a method with a body": lambda forge: replace(forge.valid(), body=b"").adding(
        TOKEN, forge.valid().token.decode()
    ),
}

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
    "the key of another link": lambda forge: with_key_of(forge, "client", "order"),
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
    "an inner header that is not taken": lambda forge: forge.crafted(h={"x-caller": "admin"}),
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
            ("extra", 1), ("p", ["/"]), ("iss", {}),
        ]
    },
    **{
        f"without {name}": lambda forge, name=name: forge.crafted(**{name: None})  # type: ignore[misc]
        for name in ("v", "typ", "iss", "aud", "kid", "rid", "iat_ms", "m", "p", "q", "h", "b")
    },
}  # fmt: skip


async def attack(forges: list[Forge], url: dict[str, str], make: Attack) -> list[Answer]:
    """Send the attack to each route."""
    return [await send(url[forge.callee], make(forge)) for forge in forges]


async def refusals(forges: list[Forge], url: dict[str, str], make: Attack) -> set[tuple[int, str]]:
    """Send the attack to each route; give each different answer."""
    return {(answer.status, answer.code) for answer in await attack(forges, url, make)}


@pytest.mark.parametrize("name", UNMARKED)
async def test_what_is_not_sealed_is_refused_where_it_must_be(
    events: Forge, users: Forge, url: dict[str, str], count_effects: CountEffects, name: str
) -> None:
    """A route that needs a seal tells plain requests so, and nothing happens."""
    before = await count_effects()

    assert await refusals([events, users], url, UNMARKED[name]) == {(400, "encryption_required")}
    assert await count_effects() == before


@pytest.mark.parametrize("name", MISMARKED)
async def test_a_mark_that_is_not_exactly_one_is_refused(
    mutations: list[Forge], url: dict[str, str], count_effects: CountEffects, name: str
) -> None:
    """No route takes a second or a misspelt mark, not even one that takes plain requests."""
    before = await count_effects()

    assert await refusals(mutations, url, MISMARKED[name]) == {(400, "encryption_required")}
    assert await count_effects() == before


@pytest.mark.parametrize("name", BAD_ENVELOPES)
async def test_another_outer_form_is_refused(
    mutations: list[Forge], url: dict[str, str], count_effects: CountEffects, name: str
) -> None:
    """A token has one spelling and one place; any other is a bad envelope, though its bytes may be valid."""
    before = await count_effects()

    assert await refusals(mutations, url, BAD_ENVELOPES[name]) == {(400, "bad_envelope")}
    assert await count_effects() == before


@pytest.mark.parametrize("name", UNTRUSTED)
async def test_what_cannot_be_trusted_is_refused(
    mutations: list[Forge], url: dict[str, str], count_effects: CountEffects, name: str
) -> None:
    """Whatever is wrong with a sealed message that looks like one, it is nobody's, and nothing happens."""
    before = await count_effects()

    assert await refusals(mutations, url, UNTRUSTED[name]) == {(401, "unauthenticated")}
    assert await count_effects() == before


async def test_a_refusal_does_not_tell_its_reason(events: Forge, products: Forge, url: dict[str, str]) -> None:
    """Every 401 is the same byte for byte, a replay's too, so that a forger learns nothing."""
    answers = set()
    for forge in (events, products):
        for make in UNTRUSTED.values():
            answers.add((await send(url[forge.callee], make(forge))).without_date)
        wire = forge.valid()
        await send(url[forge.callee], wire)
        answers.add((await send(url[forge.callee], wire)).without_date)

    assert len(answers) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda wire: replace(wire, target=wire.target.replace("x=1", "x=2")),
        lambda wire: replace(wire, target=f"{wire.target}&x=1"),
        lambda wire: replace(wire, target=wire.target.replace("0000-", "0001-", 1)),
        lambda wire: wire.setting(CALLER, "client"),
        lambda wire: wire.setting(KEY_ID, ""),
    ],
    ids=["query", "query twice", "path", "caller", "key id"],
)
async def test_a_read_that_was_changed_on_the_way_is_refused(
    reading: Forge, url: dict[str, str], change: Callable[[Wire], Wire]
) -> None:
    """A token in a header is bound to path, query, caller and key like one in a body."""
    answer = await send(url["product"], change(reading.valid()))

    assert (answer.status, answer.code) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "change",
    [
        lambda wire: wire.without(TOKEN),
        lambda wire: wire.adding(TOKEN, dict(wire.headers)[TOKEN]),
        lambda wire: wire.setting(TOKEN, dict(wire.headers)[TOKEN] + "!"),
        lambda wire: wire.setting(TOKEN, "A" * 6148),
        lambda wire: replace(wire, body=b"{}"),
        lambda wire: replace(wire.without(TOKEN), body=b'{"encrypted_data":"%b"}' % dict(wire.headers)[TOKEN].encode()),
    ],
    ids=["none", "two", "junk", "over 6 KiB", "a body too", "in the body"],
)
async def test_a_read_has_its_token_in_one_header(
    reading: Forge, url: dict[str, str], change: Callable[[Wire], Wire]
) -> None:
    """Where the method has no body, one header of bounded length holds the token."""
    answer = await send(url["product"], change(reading.valid()))

    assert (answer.status, answer.code) == (400, "bad_envelope")


async def test_a_linked_caller_that_is_not_allowed_is_nobody(reading: Forge, url: dict[str, str]) -> None:
    """A valid message of a peer that the route does not name is refused like a forged one."""
    client = replace(reading, caller=CLIENT)

    allowed, refused = await send(url["product"], reading.valid()), await send(url["product"], client.valid())

    assert allowed.status == 404
    assert allowed.is_sealed
    assert (refused.status, refused.code) == (401, "unauthenticated")


CONTRADICTIONS = {
    "authorization": "Bearer somebody.else.s",
    "idempotency-key": "another",
    "if-match": '"another"',
    "if-none-match": '"another"',
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "x-request-timeout-ms": "1",
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
@pytest.mark.parametrize("inner", [True, False], ids=["said inside", "not said inside"])
async def test_an_outer_header_cannot_contradict(
    mutations: list[Forge], url: dict[str, str], count_effects: CountEffects, name: str, *, inner: bool
) -> None:
    """A header that belongs inside is refused outside when it says something else, and the answer is sealed."""
    before, codes = await count_effects(), set()
    for forge in mutations:
        said = {name: forge.headers.get(name, "1000" if "timeout" in name else "one")} if inner else {}
        headers = {**{key: value for key, value in forge.headers.items() if key != name}, **said}
        message = replace(forge, headers=headers).message()
        opened = message.open(await send(url[forge.callee], message.wire.adding(name, CONTRADICTIONS[name])))
        codes.add((opened.status, opened.code))

    assert codes == {(400, "header_conflict")}
    assert await count_effects() == before


@pytest.mark.parametrize("name", [CALLER, KEY_ID])
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
async def test_an_outer_header_cannot_be_doubled(
    mutations: list[Forge], url: dict[str, str], count_effects: CountEffects, name: str, *, first: bool
) -> None:
    """Who names two callers or keys is nobody: what stands in between may go by the other one."""
    before = await count_effects()

    def double(forge: Forge) -> Wire:
        wire = forge.valid()
        return replace(wire, headers=((name, "order"), *wire.headers) if first else (*wire.headers, (name, "order")))

    assert await refusals(mutations, url, double) == {(401, "unauthenticated")}
    assert await count_effects() == before


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity", ""])
async def test_a_content_encoding_is_refused(
    mutations: list[Forge], url: dict[str, str], count_effects: CountEffects, encoding: str
) -> None:
    """A bomb of 100 MB is refused unread, and so is any other encoding."""
    before, bomb = await count_effects(), gzip.compress(bytes(10_000_000))

    answers = await refusals(
        mutations, url, lambda forge: replace(forge.valid(), body=bomb).adding("content-encoding", encoding)
    )

    assert answers == {(415, "unsupported_media_type")}
    assert await count_effects() == before


@pytest.mark.parametrize(
    "oversize",
    [
        lambda wire: replace(wire, body=b"x" * 300 * 1024),
        lambda wire: wire.adding("content-length", str(300 * 1024)),
        lambda wire: wire.adding("content-length", "9" * 18),
        lambda wire: replace(wire.adding("transfer-encoding", "chunked"), body=chunked([b"x" * 1024] * 300)),
        lambda wire: replace(
            wire.adding("transfer-encoding", "chunked"), body=b"%x\r\n" % (300 * 1024) + b"x" * 270_000
        ),
    ],
    ids=["300 KiB", "announced", "announced beyond all bounds", "in chunks", "in one chunk that never ends"],
)
async def test_a_body_over_the_cap_is_refused(
    mutations: list[Forge], url: dict[str, str], count_effects: CountEffects, oversize: Callable[[Wire], Wire]
) -> None:
    """The answer comes as soon as the cap is passed or a length beyond it is announced."""
    before = await count_effects()

    answers = await refusals(mutations, url, lambda forge: oversize(forge.valid()))

    assert answers == {(413, "payload_too_large")}
    assert await count_effects() == before


async def test_a_valid_message_may_come_in_chunks(mutations: list[Forge], url: dict[str, str], clean: None) -> None:
    """The framing of the wire is no part of the seal."""
    messages = [(forge, forge.message()) for forge in mutations]

    answers = [
        message.open(await send(url[forge.callee], in_chunks(message.wire))).status for forge, message in messages
    ]

    assert answers == [201, 201, 201]


def in_chunks(wire: Wire) -> Wire:
    """Frame the body in chunks of 7 bytes."""
    parts = [wire.body[start : start + 7] for start in range(0, len(wire.body), 7)]
    return replace(wire.adding("transfer-encoding", "chunked"), body=chunked(parts))


async def test_two_framings_are_refused(events: Forge, url: dict[str, str], count_effects: CountEffects) -> None:
    """A request with both a length and chunks, which two servers would cut in different places, is refused."""
    before = await count_effects()
    wire = in_chunks(events.valid()).adding("content-length", "4")

    answer = await send(url["analytics"], wire)

    assert answer.status == 400
    assert await count_effects() == before


async def test_a_sealed_answer_is_not_given_to_nobody(reading: Forge, products: Forge, url: dict[str, str]) -> None:
    """Who asks for a sealed answer without saying who he is gets none, and no plain one either."""
    asking = replace(products, method="GET", json=None, headers={}).plain().adding("x-encrypt-response", "true")

    answer = await send(url["product"], asking)

    assert (answer.status, answer.code) == (400, "encryption_unavailable")


async def test_a_valid_message_works(
    mutations: list[Forge], url: dict[str, str], clean: None, count_effects: CountEffects
) -> None:
    """What the attacks above start from is taken, has its effect, and is answered sealed."""
    messages = [(forge, forge.message()) for forge in mutations]

    opened = [message.open(await send(url[forge.callee], message.wire)) for forge, message in messages]

    assert [answer.status for answer in opened] == [201, 201, 201]
    assert await count_effects() == 3
