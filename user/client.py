"""The client of a request, for the audit log and for throttling."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from chassis.core.types import read_address
from chassis.sealing.access import CLIENT
from chassis.sealing.wire import CLIENT_ADDRESS
from chassis.web.origin import address_of, user_agent_of


@dataclass(frozen=True, slots=True)
class Client:
    """
    The client of a request.

    Attributes:
        address: The IP address of the person. Behind a service, the address that it sends (a front door does, and
            analytics for logins at the dashboard), or None; behind the outside client None, because it is not trusted
            with addresses.
        user_agent: The user agent of the person. Behind a service that sends none, and behind the outside client, the
            name that the program's key proves.
        program: The trusted program that sent the request.
    """

    address: str | None = None
    user_agent: str | None = None
    program: str | None = None


async def _client(request: Request) -> Client:
    user_agent = user_agent_of(request)
    caller = getattr(request.state, "caller", None)
    if caller is None:
        return Client(address_of(request), user_agent)
    program = f"service:{caller}"
    if caller == CLIENT:
        return Client(None, program, caller)
    return Client(read_address(request.headers.get(CLIENT_ADDRESS, "")), user_agent or program, caller)


FromClient = Annotated[Client, Depends(_client)]
"""The client of the request, as a dependency of a route."""
