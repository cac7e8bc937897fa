"""What the chassis asks of a service's database, whichever it is."""

from typing import Protocol

from chassis.core.errors import ServiceUnavailable
from chassis.sealing.replay import ReplayStore


class DatabaseUnavailable(ServiceUnavailable):
    """The database does not answer, or has no connection free in time."""

    code = "database_unavailable"
    message = "The database does not answer right now; try again shortly."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class Store(ReplayStore, Protocol):
    """A database: opened after fork, closed at the end, remembering sealed requests."""

    name: str
    """How ``/readyz`` names it."""

    async def open(self) -> None:
        """Make the client; connects nowhere yet, so that a service starts while its database is down."""

    async def close(self) -> None:
        """Close every connection."""

    async def check(self) -> int:
        """
        Ask the database for its time of day, in milliseconds since 1970: a sign of life.

        Raises:
            Exception: It gives none.
        """

    async def purge_expired(self) -> None:
        """Delete claims, and whatever else is kept for a time, that are past it."""
