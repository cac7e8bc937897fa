"""Who is at the other end of a request: for the audit log and for throttling."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request


@dataclass(frozen=True, slots=True)
class Client:
    """
    The other end of a request.

    Attributes:
        address: The IP address; None behind a trusted program, whose address says nothing of the person.
        user_agent: What it calls itself; of a trusted program the name that its key proves.
    """

    address: str | None = None
    user_agent: str | None = None


async def _client(request: Request) -> Client:
    if caller := getattr(request.state, "caller", None):
        return Client(user_agent=f"service:{caller}")
    address = request.client.host if request.client else None
    return Client(address, request.headers.get("user-agent", "")[:256] or None)


FromClient = Annotated[Client, Depends(_client)]
"""The other end of the request, as a route asks for it."""
