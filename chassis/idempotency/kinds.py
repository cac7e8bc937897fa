"""How a route treats a repeated request, and the errors of an ``Idempotency-Key``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chassis.core.errors import AppError, BadRequest, Conflict, InvalidRequest
from chassis.dispatch.errors import IN_FLIGHT


class InvalidIdempotencyKey(BadRequest):
    """The header is malformed, or the key has no owner."""

    code = "invalid_idempotency_key"
    message = "Send Idempotency-Key once, with 1 to 255 visible ASCII characters; a UUID is a good one."


class KeyNotTaken(BadRequest):
    """The route stores no answers, so a repeated request would have its effect again despite its key."""

    code = "idempotency_key_not_taken"
    message = (
        "This route does not support Idempotency-Key: a repeated request has a second effect. Send it without the key."
    )


class InFlight(Conflict):
    """The first request with this key has no answer yet; the dispatcher retries such a call."""

    code = IN_FLIGHT
    message = "A request with this Idempotency-Key is still in progress; send it again in a second."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class KeyReused(InvalidRequest):
    """The key was used for another request."""

    code = "idempotency_key_reused"
    message = (
        "This Idempotency-Key was used before with another body, path or query; send a new request with a new key."
    )


HEADER = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Idempotency:
    """
    One of three kinds: ``KEYED`` (in ``chassis.idempotency.dependency``), ``REPEATABLE`` and ``UNREPEATABLE``.

    Args:
        name: Its name in the routes table and in OpenAPI.
        sentence: What a repeated request does, for people.
        errors: The errors with which a route of this kind answers a key.
        readers: Annotations and dependencies. If a parameter of the endpoint has the annotation, the dependency reads
            the key; the route runs it after all its other dependencies.
    """

    name: str
    sentence: str
    errors: tuple[type[AppError], ...] = ()
    readers: tuple[tuple[object, Callable[..., Any]], ...] = ()


REPEATABLE = Idempotency("repeatable", "A repeated request has no further effect.")
"""A repeated request has no further effect, with or without a key. Nothing is stored, so its answer may differ."""
UNREPEATABLE = Idempotency("unrepeatable", "Takes no `Idempotency-Key`.", (KeyNotTaken,))
"""A repeated request has its effect again; a request with a key is refused (``KeyNotTaken``, 400)."""
