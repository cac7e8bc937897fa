"""
What a running service consists of: one typed object, which its routes' dependencies read.

``create_app`` (chassis/app.py) makes it; nothing in it is opened before the lifespan begins.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from fastapi import FastAPI

from chassis.auth.tokens import TokenVerifier
from chassis.core.lifecycle import Draining, Periodic
from chassis.dispatch.dispatcher import Dispatcher
from chassis.sealing.envelope import Envelope
from chassis.sealing.replay import ReplayStore
from chassis.sealing.server import Receiver
from chassis.settings import ServiceSettings

T = TypeVar("T")

Check = Callable[[], Awaitable[None]]
"""Raises an exception when what it checks does not answer."""


class Store(ReplayStore, Protocol):
    """A service's database, whichever it is."""

    name: str
    """What ``/readyz`` calls it."""

    async def open(self) -> None:
        """Make the client, after fork; connects nowhere yet, so that a service starts while its database is down."""

    async def close(self) -> None:
        """Close every connection."""

    async def check(self) -> int:
        """
        Ask the database for its time of day, in milliseconds since 1970: a sign of life.

        Raises:
            Exception: It does not answer.
        """

    async def purge_expired(self) -> None:
        """Delete the ids of sealed requests, and whatever else is kept for a time, that are past it."""


class EventRelay(Protocol):
    """Delivers a service's events (chassis/messaging/relay.py, which needs PostgreSQL)."""

    def running(
        self, peers: Mapping[str, str], envelope: Envelope, *, delivers: bool = True
    ) -> AbstractAsyncContextManager[None]:
        """Measure the outbox, and deliver what is in it, during the block."""


@dataclass(frozen=True, slots=True)
class Application:
    """
    What a service consists of.

    Attributes:
        envelope: Seals and opens messages with the service's keys; compares its clock with those of others.
        receiver: Opens what arrives sealed.
        checks: What ``/readyz`` asks, by name.
        dispatcher: Calls other services for requests.
        background: Calls them for periodic work: a peer that was down is asked again sooner.
        tokens: Checks access tokens.
        periodic: What it does every so often beside its requests.
        relay: Delivers the service's events; None if it publishes none.
        own: What the service itself adds for its routes (``own_part``); None if nothing.
    """

    settings: ServiceSettings
    store: Store
    envelope: Envelope
    receiver: Receiver
    draining: Draining
    checks: Mapping[str, Check]
    dispatcher: Dispatcher
    background: Dispatcher
    tokens: TokenVerifier
    periodic: Sequence[Periodic]
    relay: EventRelay | None
    own: object


def application_of(app: FastAPI) -> Application:
    """Return what a service consists of."""
    application: Application = app.state.application
    return application


def own_part(app: FastAPI, kind: type[T]) -> T:
    """Return what a service has added itself, which is of this kind."""
    own = application_of(app).own
    assert isinstance(own, kind)
    return own
