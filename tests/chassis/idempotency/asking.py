"""Requests with a key, and how to read their answers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from chassis.core.types import new_id
from cli.dev.polling import eventually
from tests.chassis.idempotency.tiny_keyed import ISSUER, KEYS, THINGS
from tests.sealing.messages import Answer, Forge, Wire, send

KINDS = ["", "/ordered"]
"""A route with one transaction, and one with several."""


def person(role: str = "user", user_id: UUID | None = None) -> dict[str, str]:
    """Return the headers of a person, or of a new one."""
    return {"authorization": f"Bearer {ISSUER.issue(user_id or new_id(), new_id(), [role])}"}


def asking(path: str = "", headers: Mapping[str, str] | None = None, **differently: Any) -> Forge:  # noqa: ANN401 - fields of the forge
    """Return a sender of requests of one new person with one new key; sealed as a peer if asked."""
    forge = Forge("order", "tiny", KEYS, "POST", f"{THINGS}{path}", json={"name": "cup"})
    forge = replace(forge, headers={**person(), "idempotency-key": str(new_id())})
    return replace(forge, headers={**forge.headers, **(headers or {})}, **differently)


def is_replayed(answer: Answer) -> bool:
    """Return whether an answer is a replay of a stored one."""
    return ("idempotent-replayed", "true") in answer.headers


async def send_until_answered(url: str, wire: Wire) -> Answer:
    """Send again while the request is in flight, or no connection to the database becomes free on a busy machine."""
    answers: list[Answer] = []

    async def is_answered() -> bool:
        answers.append(await send(url, wire))
        return answers[-1].status not in {409, 503}

    assert await eventually(is_answered)
    return answers[-1]
