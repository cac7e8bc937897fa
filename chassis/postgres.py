"""
PostgreSQL: one pool per process, one transaction per request, committed before the answer is sent.

A service function flushes and never commits; it asks for nothing but the session.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Annotated, Any

import structlog
from fastapi import Depends, Request
from pydantic import AfterValidator, SecretStr
from sqlalchemy import Column, DateTime, MetaData, String, Table, event, func, make_url, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, PoolProxiedConnection

from chassis.sealing.envelope import CLAIM_SECONDS
from chassis.sealing.replay import Claim, claims_request
from chassis.store import DatabaseUnavailable

log = structlog.get_logger(__name__)

_VALUES = re.compile(r"(DETAIL: |query argument \$\d+: |invalid input syntax for [^:]+: |invalid UUID ).*", re.DOTALL)
"""Where values stand in the messages of PostgreSQL and asyncpg."""

POOL_SIZE = 10
POOL_TIMEOUT_S = 1.0
CONNECT_TIMEOUT_S = 2.0
STATEMENT_TIMEOUT_S = 10

_ALLOWED = text("""
    SELECT least(
        current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
            - coalesce(current_setting('reserved_connections', true)::int, 0),
        (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user),
        (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())
    )
""")
"""How many connections this role may have to this database (reserved_connections: PostgreSQL 16 and later)."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraint names that migrations can rely on; every service's metadata uses them."""

chassis_metadata = MetaData(naming_convention=NAMING)
"""The chassis's own tables, which every service's database has."""

sealed_requests = Table(
    "sealed_requests",
    chassis_metadata,
    Column("issuer", String(64), primary_key=True),
    Column("request_id", String(64), primary_key=True),
    Column("claimed_at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True),
)
"""The replay store (docs/protocol.md)."""


def with_asyncpg(url: SecretStr) -> SecretStr:
    """
    Name the driver in a PostgreSQL address; addresses are written without it by most people.

    Raises:
        ValueError: Not a PostgreSQL address.
    """
    scheme, _, rest = url.get_secret_value().partition("://")
    address = f"postgresql+asyncpg://{rest}"
    try:
        is_usable = scheme in {"postgres", "postgresql", "postgresql+asyncpg"} and make_url(address).host
    except (ArgumentError, ValueError):
        is_usable = False  # said below, without quoting the address
    if not is_usable:
        raise ValueError("must look like postgresql://user:password@host:5432/database")
    return SecretStr(address)


PostgresUrl = Annotated[SecretStr, AfterValidator(with_asyncpg)]
"""A PostgreSQL address in a service's settings."""


class Postgres:
    """A service's PostgreSQL database."""

    name = "postgres"

    def __init__(self, url: SecretStr, application: str, pool_size: int = POOL_SIZE, processes: int = 1) -> None:
        """
        Open nothing yet.

        Args:
            application: What the server calls our connections.
            processes: How many have a pool of this size; more connections than the server allows are warned of.
        """
        self._url = with_asyncpg(url)
        self._application = application
        self._pool_size = pool_size
        self._processes = processes
        self._engine: AsyncEngine | None = None

    async def open(self) -> None:
        """Make the pool; connections are opened as they are needed."""
        self._engine = self._make_engine(
            pool_size=self._pool_size, max_overflow=0, pool_timeout=POOL_TIMEOUT_S, pool_recycle=1800
        )
        self._probe = self._make_engine(poolclass=NullPool)
        event.listen(self._engine.sync_engine, "checkout", _refuse_closed)
        event.listen(self._engine.sync_engine, "handle_error", _hide_values)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self.sizing = asyncio.create_task(self._warn_of_large_pools())

    def _make_engine(self, **pooling: Any) -> AsyncEngine:  # noqa: ANN401 - as SQLAlchemy takes it
        settings = {
            "application_name": self._application,
            "statement_timeout": f"{STATEMENT_TIMEOUT_S}s",
            "lock_timeout": "5s",
            "idle_in_transaction_session_timeout": "15s",
            "timezone": "UTC",
        }
        return create_async_engine(
            self._url.get_secret_value(),
            hide_parameters=True,
            connect_args={
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
            await self._engine.dispose()

    async def check(self) -> None:
        """Ask for a sign of life, on a connection beside the pool: a busy service is not a sick one."""
        async with self._probe.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def _warn_of_large_pools(self) -> None:
        """Compare what all processes may open with what the server allows; one that is down is asked no second time."""
        wanted = self._processes * (self._pool_size + 1)  # one more for the probe
        with suppress(DBAPIError, OSError):
            async with self._probe.connect() as connection:
                allowed = await connection.scalar(_ALLOWED)
            if wanted > allowed:
                log.warning("more connections than the server allows", wanted=wanted, allowed=allowed)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """
        Give a session whose work is committed at the end of the block, or undone if it raises.

        The connection is taken at the first statement.

        Raises:
            DatabaseUnavailable: No connection, or it broke (503).
        """
        try:
            async with self._sessions.begin() as session:
                yield session
        except (PoolTimeout, InterfaceError, OSError) as error:
            raise DatabaseUnavailable from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise DatabaseUnavailable from error
            raise

    async def claim(self, issuer: str, request_id: str) -> bool:
        """Remember a sealed request; False if it was there already."""
        async with self.transaction() as session:
            return await _claim(session, issuer, request_id)

    async def forget_claims(self) -> None:
        """Delete claims older than 120 s."""
        oldest = func.now() - timedelta(seconds=CLAIM_SECONDS)
        async with self.transaction() as session:
            await session.execute(sealed_requests.delete().where(sealed_requests.c.claimed_at < oldest))


def _refuse_closed(connection: DBAPIConnection, _record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
    """Make the pool replace a connection that the server has closed meanwhile; costs no round trip."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _hide_values(context: ExceptionContext) -> None:
    """Take out of an error what PostgreSQL and asyncpg quote of the row: errors end in the log."""
    original = context.original_exception
    for error in (context.sqlalchemy_exception, original, original.__cause__):
        if error is not None:
            error.args = tuple(_VALUES.sub(r"\1[hidden]", str(part)) for part in error.args)
            if isinstance(vars(error).get("detail"), str):
                vars(error)["detail"] = None


async def _claim(session: AsyncSession, issuer: str, request_id: str) -> bool:
    statement = insert(sealed_requests).values(issuer=issuer, request_id=request_id).on_conflict_do_nothing()
    claimed = await session.execute(statement.returning(sealed_requests.c.request_id))
    return claimed.one_or_none() is not None


async def _database(request: Request) -> Postgres:
    database: Postgres = request.app.state.store
    return database


Database = Annotated[Postgres, Depends(_database)]
"""For routes that call other services: they open transactions around the calls, never across them."""


@claims_request
async def _session(request: Request, database: Database) -> AsyncIterator[AsyncSession]:
    claim: Claim | None = request.scope.get("claim")
    async with database.transaction() as session:
        if claim and not await _claim(session, claim.issuer, claim.request_id):
            raise claim.refuse()
        yield session


Session = Annotated[AsyncSession, Depends(_session, scope="function")]
"""The request's one transaction: committed before the answer is sent, undone if anything fails."""
