"""
Route modes (docs/protocol.md, "Route modes"), declared on the endpoint, right below the route.

Example::

    @router.post("/register", status_code=201)
    @encrypted
    async def register(...): ...
"""

from collections.abc import Callable
from dataclasses import dataclass
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
    """What a route demands of the form of its messages."""

    mode: Mode
    callers: frozenset[str] = frozenset()
    """The peers that may call; empty: every linked one."""

    def needs_seal(self, *, strict: bool) -> bool:
        """Whether plain requests are refused."""
        return self.mode is Mode.SERVICE or (self.mode is Mode.ENCRYPTED and strict)

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


def optional(endpoint: Endpoint) -> Endpoint:
    """Take plain requests and sealed ones; what came sealed is answered sealed."""
    return _declare(Policy(Mode.OPTIONAL))(endpoint)


def public(endpoint: Endpoint) -> Endpoint:
    """Take plain requests only."""
    return _declare(Policy(Mode.PUBLIC))(endpoint)


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
