"""Storing the nonces of sealed requests, so that each has its effect once (docs/protocol.md, "Replay store")."""

from dataclasses import dataclass
from typing import Protocol

from chassis.core.errors import Unauthenticated


class ReplayStore(Protocol):
    """The store of nonces; shared by all workers and replicas of a service."""

    async def claim(self, issuer: str, request_id: str) -> bool:
        """
        Store a nonce for 120 s; returns False if it was stored already.

        Raises:
            ServiceUnavailable: The store cannot be reached, so the request must not be accepted.
        """


@dataclass(slots=True)
class Claim:
    """A sealed request whose nonce must be stored, by the receiver or as the first statement of its transaction."""

    issuer: str
    request_id: str
    refused: bool = False

    def refuse(self) -> Unauthenticated:
        """Return the error for a repeated request; it is answered like every other 401."""
        self.refused = True
        return Unauthenticated()


class ClaimsRequest:
    """Annotation of an endpoint's parameter: its transaction stores the nonce, so the receiver does not."""
