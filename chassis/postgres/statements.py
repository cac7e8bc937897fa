"""Statements written by hand for what stands in every request's way; ``Postgres.run`` hands them to the driver."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from asyncpg import PostgresError, Record
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.postgres.errors import hide_values, is_read_only
from chassis.telemetry import tracing

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]


class Statement:
    """
    A statement with ``:named`` values, compiled once.

    Args:
        parts: The queries of its ``WITH``, then what it does and returns. PostgreSQL must be able to tell the types of
            the values: cast them where a column does not say it.
    """

    def __init__(self, *parts: str) -> None:
        *queries, last = parts
        self.text = text(f"WITH {', '.join(queries)} {last}" if queries else last)
        """The same for a session, where it stands beside others in one transaction."""
        compiled = self.text.compile(dialect=_DIALECT)
        self._sql = str(compiled)
        self._names = compiled.positiontup or []

    async def run(self, engine: AsyncEngine, values: Mapping[str, Any]) -> list[Record]:
        """
        Run it on a connection of the pool, without a transaction around it, and give its rows.

        Raises:
            Exception: As SQLAlchemy's pool and asyncpg raise it, without the values of rows.
        """
        span = tracing.begin_statement(self._sql.split(maxsplit=1)[0], "postgresql", self._sql)
        error_type = None
        try:
            async with _wire(engine) as wire:
                rows: list[Record] = await wire.fetch(self._sql, *(values[name] for name in self._names))
                return rows
        except Exception as error:
            error_type = getattr(error, "sqlstate", None) or type(error).__name__
            raise
        finally:
            tracing.end_statement(span, error_type)


@asynccontextmanager
async def _wire(engine: AsyncEngine) -> AsyncIterator[Any]:
    """Lend a connection as the driver has it; one on which something was cut off is given up."""
    connection = await engine.raw_connection()
    try:
        yield connection.driver_connection
    except PostgresError as error:
        hide_values(error)
        if is_read_only(error):
            connection.invalidate()
        raise
    except BaseException as error:
        hide_values(error)
        connection.invalidate()
        raise
    finally:
        connection.close()
