"""The order service publishes events about cups, and the tiny service consumes them, on a database of their own."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import BigInteger, Column, Identity, MetaData, Table, Text, Uuid, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from chassis.core.errors import AppError
from chassis.core.types import new_id
from chassis.dispatch.dispatcher import Dispatcher
from chassis.messaging import outbox
from chassis.messaging.event import Event
from chassis.messaging.event_batch import CloudEvent
from chassis.messaging.inbox import INBOX_EXPIRY, inbox_router
from chassis.messaging.relay import Relay
from chassis.postgres.database import Postgres
from chassis.postgres.tables import chassis_metadata
from chassis.sealing.envelope import Envelope
from chassis.sealing.keys import load_links
from chassis.settings import ServiceSettings
from tests.chassis.tiny import serve_tiny
from tests.sealing.messages import as_setting, make_keys
from tests.support.databases import emptying

metadata = MetaData()
cups = Table(
    "cups",
    metadata,
    Column("position", BigInteger, Identity(), primary_key=True),
    Column("cup", Uuid, nullable=False),
    Column("label", Text, nullable=False),
)
"""The rows that the tiny service stores, one for each event."""


class CupFilled(Event):
    """A cup was filled; the label identifies the event."""

    type: ClassVar[str] = "order.cup_filled"
    consumers: ClassVar[tuple[str, ...]] = ("tiny",)

    label: str = ""


class Settings(ServiceSettings):
    """The settings of the publishing service."""

    service_name: ClassVar[str] = "order"
    peers: ClassVar[frozenset[str]] = frozenset({"tiny"})

    cursor_key: SecretStr = SecretStr("order cursor key")
    tiny_service_url: str = "http://127.0.0.1:1"


@dataclass(slots=True)
class Exchange:
    """
    Both services, and what tests do with them.

    Attributes:
        errors: What the consumer raises for events with these labels; each entry is used once.
    """

    database: Postgres
    url: str
    keys: dict[str, str]
    errors: dict[str, list[Exception]] = field(default_factory=dict)

    async def announce(self, *labels: str, cup: UUID | None = None) -> None:
        """Publish events in a transaction each; each is about a cup of its own, unless one is named."""
        for label in labels:
            async with self.database.transaction() as session:
                await outbox.add(session, CupFilled(subject=cup or new_id(), label=label))

    def relay(self, url: str | None = None, *, delivers: bool = True) -> AbstractAsyncContextManager[None]:
        """Run a delivery worker of the publishing service, which calls the tiny service at *url*."""
        relay = Relay(Settings(), self.database, [CupFilled])
        return relay.running({"tiny": url or self.url}, self.envelope("order"), delivers=delivers)

    def envelope(self, caller: str) -> Envelope:
        """Return the envelope with which a peer of the tiny service seals."""
        own = {name: ring for name, ring in self.keys.items() if caller.upper() in name.split("__")}
        return Envelope(caller, load_links(caller, as_setting(own), {"tiny"}))

    @asynccontextmanager
    async def calls_as(self, caller: str) -> AsyncIterator[Dispatcher]:
        """Return a dispatcher that calls the tiny service as *caller*."""
        dispatcher = Dispatcher({"tiny": self.url}, self.envelope(caller))
        try:
            yield dispatcher
        finally:
            await dispatcher.aclose()

    async def take(self, session: AsyncSession, event: CloudEvent) -> None:
        """Handle an event as the consumer: store a row, then fail if the test wants it."""
        label = event.data["label"]
        await session.execute(insert(cups).values(cup=UUID(event.subject), label=label))
        if self.errors.get(label):
            raise self.errors[label].pop()

    async def taken(self) -> list[tuple[UUID, str]]:
        """Return the cup and label of each event that the consumer stored, in its order."""
        async with self.database.transaction() as session:
            rows = await session.execute(select(cups.c.cup, cups.c.label).order_by(cups.c.position))
            return [(row.cup, row.label) for row in rows]

    async def labels(self) -> list[str]:
        """Return only the labels."""
        return [label for _, label in await self.taken()]

    async def rows(self, statement: str, **values: object) -> list[Any]:
        """Run a statement and return its rows, if it has some."""
        async with self.database.transaction() as session:
            result: Any = await session.execute(text(statement), values)
            return list(result) if result.returns_rows else []

    async def is_drained(self) -> bool:
        """Return whether no event waits."""
        return not await self.rows("SELECT 1 FROM outbox WHERE dead_at IS NULL")

    async def empty(self) -> None:
        """Delete all events and rows."""
        self.errors.clear()
        await self.rows(emptying("outbox", "inbox", "cups"))


@asynccontextmanager
async def open_exchange(url: str) -> AsyncIterator[Exchange]:
    """Create the tables in an empty database, and run the consumer on it."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for tables in (chassis_metadata, metadata):
            await connection.run_sync(tables.create_all)
    await engine.dispose()
    database, keys = Postgres(SecretStr(url), "order", expiries=[INBOX_EXPIRY]), make_keys("order", "user", "tiny")
    await database.open()
    try:
        exchange = Exchange(database, "", keys)
        own = as_setting({name: ring for name, ring in keys.items() if "TINY" in name.split("__")})
        store = Postgres(SecretStr(url), "tiny")
        router = inbox_router({CupFilled.type: exchange.take})
        async with serve_tiny(router, store=store, link_key=own) as tiny:
            exchange.url = str(tiny.client.base_url).rstrip("/")
            yield exchange
    finally:
        await database.close()


class Refused(AppError):
    """Raised by a handler that refuses an event."""

    status = 409
    message = "The cup is broken."
