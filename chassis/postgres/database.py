"""
PostgreSQL: one pool per process, one transaction per request, committed before the answer is sent.

A service function flushes and never commits; it needs only the session.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Annotated, Any

import structlog
from asyncpg import InterfaceError as DriverError
from asyncpg import PostgresError, Record
from fastapi import Depends, Request
from pydantic import AfterValidator, SecretStr
from sqlalchemy import event, text
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, PoolProxiedConnection

from chassis.application import application_of
from chassis.core.errors import DatabaseUnavailable
from chassis.postgres.dsn import connect, with_asyncpg
from chassis.postgres.errors import hide_values, is_of_useless_connection, telling_unavailable
from chassis.postgres.instrumentation import trace_statements
from chassis.postgres.nonces import NONCE_EXPIRY, claim_in
from chassis.postgres.notifier import NOTIFY, Notifier
from chassis.postgres.pool import FairPool
from chassis.postgres.purge import Expiry, purge
from chassis.postgres.statements import Part, Statement
from chassis.sealing.replay import Claim, ClaimsRequest
from chassis.telemetry import tracing
from chassis.telemetry.metrics import POOL_LIMIT

log = structlog.get_logger(__name__)

POOL_SIZE = 10
POOL_TIMEOUT_S = 1.0
CONNECT_TIMEOUT_S = 2.0
STATEMENT_TIMEOUT_S = 10

_TIME = text(
    "SELECT CAST(1000 * extract(epoch FROM clock_timestamp()) AS bigint), EXISTS (SELECT FROM sealed_requests)"
)
_VERSION = text("SELECT current_setting('server_version'), current_database()")
_ALLOWED = text("""
    SELECT least(
        current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
            - coalesce(current_setting('reserved_connections', true)::int, 0),
        (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user),
        (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())
    )
""")
"""How many connections this role may have to this database (reserved_connections: PostgreSQL 16 and later)."""

PostgresUrl = Annotated[SecretStr, AfterValidator(with_asyncpg)]
"""A PostgreSQL address in a service's settings."""


class Postgres:
    """A service's PostgreSQL database."""

    name = "postgres"

    def __init__(
        self,
        url: SecretStr,
        application: str,
        pool_size: int = POOL_SIZE,
        processes: int = 1,
        *,
        expiries: Iterable[Expiry] = (),
    ) -> None:
        """
        Store the settings; nothing is opened yet.

        Args:
            application: The service's name. It names our connections at the server, and is the source of our events.
            processes: The number of processes with such a pool; if they exceed the server's limit, a warning is logged.
            expiries: How long the rows of tables are kept, each declared by the module that owns the table.
        """
        self._url = with_asyncpg(url)
        self.service = application
        self._pool_size = pool_size
        self._processes = processes
        self.expiries = (NONCE_EXPIRY, *expiries)
        self._engine: AsyncEngine | None = None

    async def open(self) -> None:
        """Create the pool; connections are opened as needed."""
        self._engine = self._make_engine(
            poolclass=FairPool,
            pool_size=self._pool_size,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_S,
            pool_recycle=1800,
        )
        pool = self._engine.pool
        assert isinstance(pool, FairPool)
        self._pool = pool
        POOL_LIMIT.labels(self.name).inc(self._pool_size)
        if tracing.is_on():
            trace_statements(self._engine.sync_engine)
        self._probe = self._make_engine(poolclass=NullPool)
        event.listen(self._engine.sync_engine, "checkout", _refuse_closed)
        event.listen(self._engine.sync_engine, "handle_error", _judge)
        self.notifier = Notifier(lambda listeners: self.run(NOTIFY, {"listeners": listeners}))
        info = {"service": self.service, "notifier": self.notifier}
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False, info=info)
        self.sizing = asyncio.create_task(self._warn_of_large_pools())

    def _make_engine(self, **pooling: Any) -> AsyncEngine:  # noqa: ANN401 - as SQLAlchemy takes it
        settings = {
            "application_name": self.service,
            "statement_timeout": f"{STATEMENT_TIMEOUT_S}s",
            "lock_timeout": "5s",
            "idle_in_transaction_session_timeout": "15s",
            "timezone": "UTC",
        }
        return create_async_engine(
            self._url.get_secret_value(),
            hide_parameters=True,
            connect_args={
                "async_creator_fn": connect,
                "timeout": CONNECT_TIMEOUT_S,
                "command_timeout": STATEMENT_TIMEOUT_S,
                "server_settings": settings,
            },
            **pooling,
        )

    async def close(self) -> None:
        """Close the pool."""
        if self._engine:
            self.sizing.cancel()
            # The end of the loop would interrupt it again, while it closes its connection, which is logged.
            await asyncio.wait([self.sizing])
            await self.notifier.aclose()
            POOL_LIMIT.labels(self.name).dec(self._pool_size)
            await self._engine.dispose()

    async def check(self) -> int:
        """
        Read a table, and return the time of the server in milliseconds since 1970.

        The connection is not from the pool: a busy service is still healthy.
        """
        async with self.outside_pool() as connection:
            return int(await connection.scalar(_TIME))

    def outside_pool(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Return a connection that is not of the pool, so that a busy service can still be examined."""
        return self._probe.connect()

    async def describe(self) -> Mapping[str, object]:
        """
        Return the server's version and the pool of this process.

        Raises:
            DatabaseUnavailable: The database does not answer (503).
        """
        with telling_unavailable():
            async with self.outside_pool() as connection:
                version, name = (await connection.execute(_VERSION)).one()
        pool = self._pool
        in_pool = {"size": self._pool_size, "open": pool.checkedin() + pool.checkedout(), "in_use": pool.checkedout()}
        return {"kind": self.name, "version": version, "database": name, "pool": in_pool}

    async def _warn_of_large_pools(self) -> None:
        """Warn if the pools of all processes together exceed the server's limit; errors are not retried."""
        wanted = self._processes * (self._pool_size + 2)  # one for the probe, one to listen
        with suppress(DBAPIError, PostgresError, OSError):
            async with self.outside_pool() as connection:
                allowed = await connection.scalar(_ALLOWED)
            if wanted > allowed:
                log.warning("connection pools exceed the server's limit", wanted=wanted, allowed=allowed)

    @asynccontextmanager
    async def transaction(self, claim: Claim | None = None) -> AsyncIterator[AsyncSession]:
        """
        Yield a session that commits at the end of the block, or rolls back if it raises.

        The connection is taken at the first statement.

        Args:
            claim: The nonce of a sealed request, which the first statement stores.

        Raises:
            Unauthenticated: The nonce was used before (401).
            DatabaseUnavailable: There is no connection, or it broke (503).
        """
        with telling_unavailable():
            async with self._sessions.begin() as session:
                if claim and not await claim_in(session, claim.issuer, claim.request_id):
                    raise claim.refuse()
                yield session

    async def run(self, statement: Statement, values: Mapping[str, Any], *parts: Part) -> list[Record]:
        """
        Run one statement in its own transaction and return its rows, at a tenth of the cost of a session.

        Args:
            parts: One of each class that the statement names; they act after the commit.

        Raises:
            Unauthenticated: Its ``Nonce`` was used before; the statement had no effect (401).
            DatabaseUnavailable: No connection, or it broke (503).
            TypeError: The parts are not those of the statement.
            PostgresError: As the server reports it.
        """
        bound = statement.bind(self.service, values, parts)
        try:
            with telling_unavailable():
                rows = await statement.fetch(self._pool, bound)
        except PostgresError as error:
            for part in parts:
                if refusal := part.refusal(error):
                    raise refusal from error
            raise
        for part in parts:
            part.after_commit(rows, self.notifier.notify)
        return rows

    @asynccontextmanager
    async def listening(self, channel: str, receive: Callable[[str], None]) -> AsyncIterator[asyncio.Event]:
        """
        Call *receive* with each payload of a channel during the block, on a connection outside the pool.

        Yields an event that is set when the connection is lost.

        Raises:
            DatabaseUnavailable: There is no connection (503).
        """
        lost = asyncio.Event()
        try:
            async with self.outside_pool() as connection:
                wire: Any = (await connection.get_raw_connection()).driver_connection
                wire.add_termination_listener(lambda _wire: lost.set())
                await wire.add_listener(channel, lambda _wire, _pid, _channel, payload: receive(payload))
                yield lost
        except (DBAPIError, PostgresError, DriverError, OSError) as error:
            raise DatabaseUnavailable from error

    async def claim(self, issuer: str, request_id: str) -> bool:
        """Store the nonce of a sealed request; return False if it was used before."""
        async with self.transaction() as session:
            return await claim_in(session, issuer, request_id)

    async def purge_expired(self) -> None:
        """Delete the expired rows of every table with an expiry."""
        await purge(self, self.expiries)


def _refuse_closed(connection: DBAPIConnection, _record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
    """Make the pool replace a connection that the server has closed, without a round trip."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _judge(context: ExceptionContext) -> None:
    """Hide the values in an error; discard the pool's connections if they are useless."""
    original = context.original_exception
    hide_values(context.sqlalchemy_exception, original, original.__cause__)
    if is_of_useless_connection(original):
        context.is_disconnect = True


def database_of(request: Request) -> Postgres:
    """Return the database of the service that serves a request."""
    store = application_of(request.app).store
    assert isinstance(store, Postgres)
    return store


async def _database(request: Request) -> Postgres:
    return database_of(request)


Database = Annotated[Postgres, Depends(_database)]
"""For routes that call other services: they open transactions around the calls, never across them."""


async def _own_claim(request: Request) -> Claim | None:
    claim: Claim | None = request.scope.get("claim")
    return claim


OwnClaim = Annotated[Claim | None, Depends(_own_claim), ClaimsRequest]
"""The nonce of the sealed request, for routes that begin with a statement; they must pass it as its ``Nonce``."""


async def _session(request: Request) -> AsyncIterator[AsyncSession]:
    async with database_of(request).transaction(request.scope.get("claim")) as session:
        yield session


Session = Annotated[AsyncSession, Depends(_session, scope="function"), ClaimsRequest]
"""The request's one transaction: committed before the answer is sent, rolled back if anything fails."""
