"""Changes to valid messages, and the answers to them."""

from collections.abc import Callable
from dataclasses import replace

import orjson

from tests.sealing.messages import Answer, Forge, Wire, send

Attack = Callable[[Forge], Wire]


def with_token(forge: Forge, change: Callable[[bytes], bytes]) -> Wire:
    """Seal a valid message, and replace its token."""
    wire = forge.valid()
    return replace(wire, body=orjson.dumps({"encrypted_data": change(wire.token).decode()}))


async def attack(forges: list[Forge], url: dict[str, str], make: Attack) -> list[Answer]:
    """Send the attack to each route."""
    return [await send(url[forge.callee], make(forge)) for forge in forges]


async def refusals(forges: list[Forge], url: dict[str, str], make: Attack) -> set[tuple[int, str]]:
    """Send the attack to each route; returns each distinct answer."""
    return {(answer.status, answer.code) for answer in await attack(forges, url, make)}
