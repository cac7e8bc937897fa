import gzip
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.sealing.aliases import CountEffects
from tests.sealing.attacks import refusals
from tests.sealing.messages import Forge, Wire, chunked, send


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
    """The refusal is sent as soon as the cap is exceeded or a larger length is declared."""
    before = await count_effects()

    answers = await refusals(mutations, url, lambda forge: oversize(forge.valid()))

    assert answers == {(413, "payload_too_large")}
    assert await count_effects() == before


def in_chunks(wire: Wire) -> Wire:
    """Frame the body in chunks of 7 bytes."""
    parts = [wire.body[start : start + 7] for start in range(0, len(wire.body), 7)]
    return replace(wire.adding("transfer-encoding", "chunked"), body=chunked(parts))


async def test_a_valid_message_may_come_in_chunks(mutations: list[Forge], url: dict[str, str], clean: None) -> None:
    """The framing of HTTP is not covered by the seal."""
    messages = [(forge, forge.message()) for forge in mutations]

    answers = [
        message.open(await send(url[forge.callee], in_chunks(message.wire))).status for forge, message in messages
    ]

    assert answers == [201] * len(mutations)


async def test_two_framings_are_refused(events: Forge, url: dict[str, str], count_effects: CountEffects) -> None:
    """A request with both a length and chunks is refused: two servers would split it at different places."""
    before = await count_effects()
    wire = in_chunks(events.valid()).adding("content-length", "4")

    answer = await send(url["analytics"], wire)

    assert answer.status == 400
    assert await count_effects() == before
