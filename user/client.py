"""The client of a request, for the audit log and for throttling."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from chassis.core.addresses import read_address
from chassis.sealing.wire import CLIENT_ADDRESS

_LETS_PEOPLE_IN = frozenset({"analytics"})
"""Programs in which people log in (analytics has the dashboard): they may send the person's address."""


@dataclass(frozen=True, slots=True)
class Client:
    """
    The client of a request.

    Attributes:
        address: The IP address of the person. None behind a trusted program, whose own address is not the person's,
            unless the program is one in which people log in: then the address that it sends.
        user_agent: The user agent; for a trusted program the name that its key proves.
        program: The trusted program that sent the request.
    """

    address: str | None = None
    user_agent: str | None = None
    program: str | None = None


async def _client(request: Request) -> Client:
    if caller := getattr(request.state, "caller", None):
        named = request.headers.get(CLIENT_ADDRESS, "") if caller in _LETS_PEOPLE_IN else ""
        return Client(read_address(named), f"service:{caller}", caller)
    address = read_address(request.client.host) if request.client else None
    return Client(address, request.headers.get("user-agent", "")[:256] or None)


FromClient = Annotated[Client, Depends(_client)]
"""The client of the request, as a dependency of a route."""
