"""The client of a request, for the audit log and for throttling."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from chassis.core.types import read_address
from chassis.sealing.access import CLIENT
from chassis.sealing.wire import CLIENT_ADDRESS


@dataclass(frozen=True, slots=True)
class Client:
    """
    The client of a request.

    Attributes:
        address: The IP address of the person. Behind a service, the address that it sends (analytics does, for logins
            at the dashboard), or None; behind the outside client None, because it is not trusted with addresses.
        user_agent: The user agent; for a trusted program the name that its key proves.
        program: The trusted program that sent the request.
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
"""The client of the request, as a dependency of a route."""
