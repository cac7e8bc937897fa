"""Remembering sealed requests, so that each has its effect once (docs/protocol.md, "Replay store")."""

from dataclasses import dataclass
from typing import Protocol

from chassis.core.errors import Unauthenticated


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


class ClaimsRequest:
    """In the annotation of an endpoint's parameter: its transaction claims the request, so the receiver does not."""
