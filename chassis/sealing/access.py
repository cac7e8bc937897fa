"""
Route modes (docs/protocol.md, "Route modes"), declared on the endpoint, right below the route.

A POST or PATCH that stores no answers also declares, above its mode, whether a repetition has a further effect.

Example::

    @router.post("/register", status_code=201)
    @encrypted
    async def register(...): ...
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_ATTRIBUTE = "__sealing_policy__"


class Mode(StrEnum):
    """Who may speak to a route in which form."""

    SERVICE = "service"
    """Sealed by an allowed peer, always."""
    ENCRYPTED = "encrypted"
    """Sealed; plain JSON also where ENCRYPTION_MODE is ``permissive``."""
    OPTIONAL = "optional"
    """Plain or sealed."""
    PUBLIC = "public"
    """Plain."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a route demands of the form of its messages, and whether they may be repeated."""

    mode: Mode
    callers: frozenset[str] = frozenset()
    """The peers that may call; empty: every linked one."""
    is_keyed: bool = False
    """Of mode ``encrypted``, it takes a plain request with an ``Authorization`` header, which the route must check."""
    max_body: int | None = None
    """Cap on a body as it arrives and, unpacked, in bytes; None: that of the service (MAX_BODY_BYTES)."""
    takes_gzip: bool = False
    """Whether a plain body may be packed (``Content-Encoding: gzip``)."""
    is_repeatable: bool | None = None
    """Whether a request that comes again has no further effect; None: the endpoint does not declare it."""

    def needs_seal(self, *, strict: bool, has_key: bool) -> bool:
        """Whether a plain request, with or without an ``Authorization`` header, is refused."""
        is_excused = self.is_keyed and has_key
        return self.mode is Mode.SERVICE or (self.mode is Mode.ENCRYPTED and strict and not is_excused)

    def allows(self, caller: str) -> bool:
        """Whether the peer may call."""
        return not self.callers or caller in self.callers


class UndeclaredMode(Exception):
    """A route does not say how it is to be spoken to; the service must not start."""


def service(*callers: str) -> Callable[[Endpoint], Endpoint]:
    """Take only sealed requests of these peers."""
    return _declare(Policy(Mode.SERVICE, frozenset(callers)))


def encrypted(endpoint: Endpoint) -> Endpoint:
    """Take only sealed requests, of any linked peer; plain ones too where ENCRYPTION_MODE is ``permissive``."""
    return _declare(Policy(Mode.ENCRYPTED))(endpoint)


def encrypted_or_keyed(endpoint: Endpoint) -> Endpoint:
    """Take sealed requests, and plain ones with an ``Authorization`` header: the route must check what is in it."""
    return _declare(Policy(Mode.ENCRYPTED, is_keyed=True))(endpoint)


def optional(endpoint: Endpoint) -> Endpoint:
    """Take plain requests and sealed ones; what came sealed is answered sealed."""
    return _declare(Policy(Mode.OPTIONAL))(endpoint)


def public(endpoint: Endpoint) -> Endpoint:
    """Take plain requests only."""
    return _declare(Policy(Mode.PUBLIC))(endpoint)


def bodies(max_bytes: int, *, gzip: bool = False) -> Callable[[Endpoint], Endpoint]:
    """Give a route a cap of its own on bodies, and let plain ones be packed; stands above the mode."""

    def widen(endpoint: Endpoint) -> Endpoint:
        return _declare(replace(policy_of(endpoint), max_body=max_bytes, takes_gzip=gzip))(endpoint)

    return widen


def repeatable(endpoint: Endpoint) -> Endpoint:
    """Declare that a request that comes again has no further effect: it may have an Idempotency-Key, or none."""
    return _declare(replace(policy_of(endpoint), is_repeatable=True))(endpoint)


def unrepeatable(endpoint: Endpoint) -> Endpoint:
    """Declare that a request that comes again has its effect again: one with an Idempotency-Key is refused."""
    return _declare(replace(policy_of(endpoint), is_repeatable=False))(endpoint)


def policy_of(endpoint: Callable[..., Any]) -> Policy:
    """
    Read what an endpoint declares.

    Raises:
        UndeclaredMode: It declares nothing.
    """
    policy = getattr(endpoint, _ATTRIBUTE, None)
    if not isinstance(policy, Policy):
        name = f"{endpoint.__module__}.{endpoint.__qualname__}"
        raise UndeclaredMode(f"{name}: add @service, @encrypted, @optional or @public below the route")
    return policy


def _declare(policy: Policy) -> Callable[[Endpoint], Endpoint]:
    def declare(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _ATTRIBUTE, policy)
        return endpoint

    return declare
