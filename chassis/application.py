"""
The parts of a running service, in one typed object that the dependencies of routes read.

``create_app`` (chassis/app.py) creates it; nothing in it is opened before the lifespan begins.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from fastapi import FastAPI
from pydantic import BaseModel

from chassis.auth.tokens import TokenVerifier
from chassis.core.errors import AppError
from chassis.core.lifecycle import Draining, Periodic
from chassis.dispatch.dispatcher import Dispatcher
from chassis.sealing.envelope import Envelope
from chassis.sealing.replay import ReplayStore
from chassis.sealing.server import Receiver
from chassis.settings import ServiceSettings

T = TypeVar("T")

Check = Callable[[], Awaitable[str | None]]
"""Raises an exception if the checked part does not answer; may return a remark."""


class Store(ReplayStore, Protocol):
    """A service's database, of either kind."""

    name: str
    """Its name in ``/readyz``."""

    async def open(self) -> None:
        """Create the client, after the fork, without connecting: a service starts even while its database is down."""

    async def close(self) -> None:
        """Close every connection."""

    async def check(self) -> int:
        """
        Check the database, and return its time in milliseconds since 1970.

        Raises:
            Exception: The database does not answer.
        """

    async def describe(self) -> Mapping[str, object]:
        """
        Return the server's version and the pool of this process, for people.

        Raises:
            DatabaseUnavailable: The database does not answer (503).
        """

    async def purge_expired(self) -> None:
        """Delete expired nonces of sealed requests, and all other expired data."""


class ForeignTables(Protocol):
    """The tables of another owner in a service's database (chassis/postgres/reflected.py)."""

    @property
    def expected(self) -> Mapping[str, Mapping[str, BaseModel]]:
        """The columns for which the service was built, by the names of tables and columns."""

    async def check(self) -> str:
        """
        Compare them; returns differences with which most requests succeed.

        Raises:
            SchemaChanged: Requests fail because of the differences (503).
        """

    async def watch(self) -> None:
        """Compare them, for the log and the metrics."""

    async def explain(self, error: Exception) -> AppError | None:
        """Return what to answer instead of an unhandled error, if the tables have changed; None if they have not."""

    async def differences(self) -> Sequence[object]:
        """
        Return what is different in the tables, now.

        Raises:
            DatabaseUnavailable: The database does not answer (503).
        """


class EventRelay(Protocol):
    """Delivers a service's events (chassis/messaging/relay.py, which needs PostgreSQL)."""

    def running(
        self, peers: Mapping[str, str], envelope: Envelope, *, delivers: bool = True
    ) -> AbstractAsyncContextManager[None]:
        """Measure the outbox, and deliver its events, during the block."""


@dataclass(frozen=True, slots=True)
class Application:
    """
    The parts of a service.

    Attributes:
        store: Its database; None if it has none.
        envelope: Seals and opens messages with the service's keys; compares its clock with those of others.
        receiver: Opens sealed requests.
        checks: The checks of ``/readyz``, by name.
        dispatcher: Calls other services for requests.
        background: Calls other services for periodic work; it retries a failed peer sooner.
        tokens: Checks access tokens.
        periodic: Its periodic work.
        relay: Delivers the service's events; None if it publishes none.
        tables: The tables of another owner; None if all tables are the service's own.
        own: An object of the service for its own routes (``own_part``), or None.
    """

    settings: ServiceSettings
    store: Store | None
    envelope: Envelope
    receiver: Receiver
    draining: Draining
    checks: Mapping[str, Check]
    dispatcher: Dispatcher
    background: Dispatcher
    tokens: TokenVerifier
    periodic: Sequence[Periodic]
    relay: EventRelay | None
    tables: ForeignTables | None
    own: object


def application_of(app: FastAPI) -> Application:
    """Return the parts of a service."""
    application: Application = app.state.application
    return application


def own_part(app: FastAPI, kind: type[T]) -> T:
    """Return the service's own object, which is of this type."""
    own = application_of(app).own
    assert isinstance(own, kind)
    return own
