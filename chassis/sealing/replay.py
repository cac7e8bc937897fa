"""Remembering sealed requests, so that each has its effect once (docs/protocol.md, "Replay store")."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from chassis.core.errors import Unauthenticated

D = TypeVar("D", bound=Callable[..., object])


class ReplayStore(Protocol):
    """Where a service remembers the requests it has seen; shared by all its workers and replicas."""

    async def claim(self, issuer: str, request_id: str) -> bool:
        """
        Remember a request for 120 s; False if it was there already.

        Raises:
            ServiceUnavailable: The store cannot be reached, so the request must not be accepted.
        """


@dataclass(slots=True)
class Claim:
    """A sealed request that is to be claimed, by the receiver or as the first statement of its transaction."""

    issuer: str
    request_id: str
    refused: bool = False

    def refuse(self) -> Unauthenticated:
        """Give the error to raise when the request was there already; it is answered like every other 401."""
        self.refused = True
        return Unauthenticated()


def claims_request(dependency: D) -> D:
    """Mark a dependency that opens the request's transaction and claims ``request.scope["claim"]`` in it."""
    dependency.claims_request = True  # type: ignore[attr-defined]
    return dependency
