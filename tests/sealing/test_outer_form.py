import base64
from dataclasses import replace

import pytest

from tests.sealing.aliases import CountEffects
from tests.sealing.attacks import Attack, refusals, with_token
from tests.sealing.messages import CALLER, KEY_ID, MARK, TOKEN, Forge, Wire, send

BASE64URL = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def with_body(forge: Forge, template: bytes) -> Wire:
    """Seal a valid message, and write its token into another body."""
    wire = forge.valid()
    return replace(wire, body=template.replace(b"TOKEN", wire.token))


def with_spare_bits(forge: Forge) -> Wire:
    """Change the unused bits of the token's last character."""
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


UNMARKED: dict[str, Attack] = {
    "plaintext": lambda forge: forge.plain(),
    "unmarked": lambda forge: forge.valid().without(MARK),
    "header misspelt": lambda forge: forge.valid().without(MARK).adding("x-service-comunication", "encrypted"),
    "header with underscores": lambda forge: forge.valid().without(MARK).adding("x_service_communication", "encrypted"),
}
"""Bodies that a route requiring a seal takes for a plain request."""


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


@pytest.mark.parametrize("name", UNMARKED)
async def test_what_is_not_sealed_is_refused_where_it_must_be(
    events: Forge, users: Forge, url: dict[str, str], count_effects: CountEffects, name: str
) -> None:
    """A route that requires a seal refuses plain requests with that reason, and nothing happens."""
    before = await count_effects()

    assert await refusals([events, users], url, UNMARKED[name]) == {(400, "encryption_required")}
    assert await count_effects() == before


@pytest.mark.parametrize("name", MISMARKED)
async def test_a_mark_that_is_not_exactly_one_is_refused(
    mutations: list[Forge], url: dict[str, str], count_effects: CountEffects, name: str
) -> None:
    """No route accepts a second or misspelt mark, not even one that accepts plain requests."""
    before = await count_effects()

    assert await refusals(mutations, url, MISMARKED[name]) == {(400, "encryption_required")}
    assert await count_effects() == before


@pytest.mark.parametrize("name", BAD_ENVELOPES)
async def test_another_outer_form_is_refused(
    mutations: list[Forge], url: dict[str, str], count_effects: CountEffects, name: str
) -> None:
    """A token has one spelling and one place; any other is a bad envelope, even if its bytes are valid."""
    before = await count_effects()

    assert await refusals(mutations, url, BAD_ENVELOPES[name]) == {(400, "bad_envelope")}
    assert await count_effects() == before


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
    """An outer copy of an inner header with another value is refused, and the answer is sealed."""
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
    """A request with two callers or two key ids is refused: a proxy could read the other one."""
    before = await count_effects()

    def double(forge: Forge) -> Wire:
        wire = forge.valid()
        return replace(wire, headers=((name, "order"), *wire.headers) if first else (*wire.headers, (name, "order")))

    assert await refusals(mutations, url, double) == {(401, "unauthenticated")}
    assert await count_effects() == before
