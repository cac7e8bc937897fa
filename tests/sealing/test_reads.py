from collections.abc import Callable
from dataclasses import replace

import pytest

from chassis.sealing.access import CLIENT
from tests.sealing.messages import CALLER, KEY_ID, TOKEN, Forge, Wire, send


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
    """For methods without a body, one header of bounded length holds the token."""
    answer = await send(url["product"], change(reading.valid()))

    assert (answer.status, answer.code) == (400, "bad_envelope")


async def test_a_linked_caller_that_is_not_allowed_is_nobody(reading: Forge, url: dict[str, str]) -> None:
    """A valid message of a peer that the route does not name is refused like a forged one."""
    client = replace(reading, caller=CLIENT)

    allowed, refused = await send(url["product"], reading.valid()), await send(url["product"], client.valid())

    assert allowed.status == 404
    assert allowed.is_sealed
    assert (refused.status, refused.code) == (401, "unauthenticated")


async def test_a_sealed_answer_is_not_given_to_nobody(reading: Forge, products: Forge, url: dict[str, str]) -> None:
    """An unidentified caller who asks for a sealed answer is refused, and gets no plain answer instead."""
    asking = replace(products, method="GET", json=None, headers={}).plain().adding("x-encrypt-response", "true")

    answer = await send(url["product"], asking)

    assert (answer.status, answer.code) == (400, "encryption_unavailable")
