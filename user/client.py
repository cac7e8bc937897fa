"""Who is at the other end of a request: for the audit log and for throttling."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from chassis.core.types import read_address
from chassis.sealing.access import CLIENT
from chassis.sealing.wire import CLIENT_ADDRESS


@dataclass(frozen=True, slots=True)
class Client:
    """
    The other end of a request.

    Attributes:
        address: The IP address of the person: behind a service the one that it names (analytics does, for logins at the
            dashboard), and None if it names none; None behind the outside client, whose word on it is not taken.
        user_agent: What it calls itself; of a trusted program the name that its key proves.
        program: The trusted program that makes the request.
    """

    address: str | None = None
    user_agent: str | None = None
    program: str | None = None


async def _client(request: Request) -> Client:
    if caller := getattr(request.state, "caller", None):
        named = request.headers.get(CLIENT_ADDRESS, "") if caller != CLIENT else ""
        return Client(read_address(named), f"service:{caller}", caller)
    address = read_address(request.client.host) if request.client else None
    return Client(address, request.headers.get("user-agent", "")[:256] or None)


FromClient = Annotated[Client, Depends(_client)]
"""The other end of the request, as a route asks for it."""
