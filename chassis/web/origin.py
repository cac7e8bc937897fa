"""Where a person's request comes from, for throttling, sessions and audit logs."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from chassis.core.types import read_address

LONGEST_USER_AGENT = 256
"""Characters; the rest is cut off: it may be longer than a sealed message has room for."""


@dataclass(frozen=True, slots=True)
class Origin:
    """
    Where a plain request comes from; calls on the person's behalf have it along.

    Attributes:
        address: The IP address of the person: of the connection, or the one that a trusted proxy names.
        user_agent: The user agent, at most ``LONGEST_USER_AGENT`` characters long.
    """

    address: str | None
    user_agent: str | None


def address_of(request: Request) -> str | None:
    """Return the IP address from which a request was sent."""
    return read_address(request.client.host) if request.client else None


def user_agent_of(request: Request) -> str | None:
    """Return the user agent of a request; None if there is none, or it is empty."""
    return request.headers.get("user-agent", "")[:LONGEST_USER_AGENT] or None


async def _origin(request: Request) -> Origin:
    return Origin(address_of(request), user_agent_of(request))


FromOrigin = Annotated[Origin, Depends(_origin)]
"""Where the request comes from, as a dependency of a route."""
