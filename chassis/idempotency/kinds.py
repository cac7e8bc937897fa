"""What a route does with a request that comes again, and so with its ``Idempotency-Key``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chassis.core.errors import AppError
from chassis.idempotency.errors import KeyNotTaken

HEADER = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Idempotency:
    """
    One of three kinds: ``KEYED`` (in ``chassis.idempotency.dependency``), ``REPEATABLE`` and ``UNREPEATABLE``.

    Args:
        name: As the routes table and OpenAPI have it.
        errors: What the route answers to a key by being of this kind.
        readers: Annotations, one of which a parameter of the endpoint has, each with the dependency that reads the key
            for such an endpoint; the route runs it after every other of its own.
    """

    name: str
    errors: tuple[type[AppError], ...] = ()
    readers: tuple[tuple[object, Callable[..., Any]], ...] = ()


REPEATABLE = Idempotency("repeatable")
"""A request that comes again has no further effect, with a key or without; nothing is stored, the answer may differ."""
UNREPEATABLE = Idempotency("unrepeatable", (KeyNotTaken,))
"""A request that comes again has its effect again; one with a key is refused (``KeyNotTaken``, 400)."""
