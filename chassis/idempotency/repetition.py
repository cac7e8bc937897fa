"""What a route does with a request that comes again, and so with its ``Idempotency-Key``."""

from collections.abc import Collection
from enum import StrEnum
from typing import Any

from chassis.dispatch.retry import SAFE_METHODS
from chassis.sealing.access import Policy

HEADER = "Idempotency-Key"


class Repetition(StrEnum):
    """What a request that comes again does."""

    KEYED = "keyed"
    """With the same key it has no second effect and gets the stored answer."""
    NATURAL = "repeatable"
    """It has no further effect, with a key or without; nothing is stored, so the answer may differ."""
    REFUSED = "refused"
    """It has its effect again; a request with a key is refused (``KeyNotTaken``)."""
    UNDECLARED = "undeclared"
    """Nobody has said; a request with a key is refused."""


def repetition_of(policy: Policy, methods: Collection[str], *, is_keyed: bool) -> Repetition:
    """Read what a route declares; the methods that RFC 9110 calls idempotent need not declare anything."""
    if is_keyed:
        return Repetition.KEYED
    if policy.is_repeatable is None:
        return Repetition.NATURAL if SAFE_METHODS.issuperset(methods) else Repetition.UNDECLARED
    return Repetition.NATURAL if policy.is_repeatable else Repetition.REFUSED


def described(repetition: Repetition, methods: Collection[str]) -> dict[str, Any]:
    """Describe the header for OpenAPI where a route takes it without storing answers; {} elsewhere."""
    if repetition is not Repetition.NATURAL or SAFE_METHODS.issuperset(methods):
        return {}
    description = "Taken, and not needed: the request may be sent again, with the same key, another or none."
    header = {"name": HEADER, "in": "header", "required": False, "schema": {"type": "string"}}
    return {"parameters": [{**header, "description": description}]}
