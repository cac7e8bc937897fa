"""
Handwritten statements for the hot paths; ``Postgres.run`` passes them to the driver, ``run_in`` to a session.

A ``Part`` of a statement is work that must not be omitted: the nonce of a sealed request, an idempotency key, an event
with its notification. A statement names the classes of its parts, and runs only with one instance of each.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Protocol

from asyncpg import PostgresError, Record
from sqlalchemy import RowMapping, Select, TextClause, event, text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.errors import AppError
from chassis.postgres.pool import FairPool
from chassis.telemetry import tracing

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]

Row = RowMapping | Record
"""A row with its columns by name, from the driver or from a session."""


Notify = Callable[[Iterable[str]], None]
"""Notifies of committed events for these consumers (``Notifier.notify``)."""


class Part:
    """
    Additional work of a statement.

    Attributes:
        queries: Its queries in the statement's ``WITH``. Empty if it only acts after the commit.
    """

    queries: ClassVar[str] = ""

    def values(self, service: str) -> Mapping[str, Any]:  # noqa: ARG002 - for parts that publish
        """Return the values of its queries; *service* owns the database."""
        return {}

    def refusal(self, error: PostgresError) -> AppError | None:  # noqa: ARG002 - most parts never fail
        """Return the error to raise instead of *error*, if this part's queries caused it."""
        return None

    def after_commit(self, rows: Sequence[Row], notify: Notify) -> None:
        """Act on the statement's rows once they are committed."""


class Statement:
    """
    A statement with ``:named`` values, compiled once.

    Its values and rows are those of the driver, without the conversions of SQLAlchemy's types.

    Args:
        parts: The queries of its ``WITH`` and the classes of its parts, then the final query. PostgreSQL must be able
            to infer the types of the values: cast them where no column determines the type. Or one SELECT of models,
            with a name for each value.
    """

    def __init__(self, *parts: str | type[Part] | Select[Any]) -> None:
        self.parts = frozenset(part for part in parts if isinstance(part, type))
        self.text = _joined(parts)
        compiled = self.text.compile(dialect=_DIALECT)
        self.sql = str(compiled)
        self._names = compiled.positiontup or []

    def bind(self, service: str, values: Mapping[str, Any], parts: Sequence[Part]) -> dict[str, Any]:
        """
        Join the values of a statement with those of its parts.

        Raises:
            TypeError: A part of the statement is missing, or does not belong to it.
        """
        if len(parts) != len(self.parts) or {type(part) for part in parts} != self.parts:
            raise TypeError(f"This statement takes {_named(self.parts)}, not {_named(map(type, parts))}.")
        bound = dict(values)
        for part in parts:
            bound.update(part.values(service))
        return bound

    async def fetch(self, pool: FairPool, values: Mapping[str, Any]) -> list[Record]:
        """
        Run it on a connection of the pool, without a transaction around it, and return its rows.

        Raises:
            Exception: As raised by SQLAlchemy's pool and asyncpg, without the values of rows.
        """
        span = tracing.begin_statement(self.sql.split(maxsplit=1)[0], "postgresql", self.sql)
        error_type = None
        try:
            return await pool.fetch(self.sql, [values[name] for name in self._names])
        except Exception as error:
            error_type = getattr(error, "sqlstate", None) or type(error).__name__
            raise
        finally:
            tracing.end_statement(span, error_type)


def _joined(parts: Sequence[str | type[Part] | Select[Any]]) -> TextClause | Select[Any]:
    """Return the whole statement."""
    if isinstance(parts[0], Select):
        return parts[0]
    *queries, last = (part.queries if isinstance(part, type) else str(part) for part in parts)
    queries = [query for query in queries if query]
    return text(f"WITH {', '.join(queries)} {last}" if queries else last)


class Run(Protocol):
    """Runs a statement with its parts: ``Postgres.run``, or ``run_in`` of a session (``partial(run_in, session)``)."""

    async def __call__(self, statement: Statement, values: Mapping[str, Any], *parts: Part) -> Sequence[Row]:
        """Run it and return its rows."""


async def run_in(session: AsyncSession, statement: Statement, values: Mapping[str, Any], *parts: Part) -> Sequence[Row]:
    """
    Run a statement in the transaction of a session; its parts act after the commit.

    Earlier changes are flushed first.

    Raises:
        TypeError: As raised by ``Statement.bind``.
        Exception: As raised by SQLAlchemy.
    """
    await session.flush()
    bound = statement.bind(session.info["service"], values, parts)
    rows = (await session.execute(statement.text, bound)).mappings().all()
    for part in parts:
        act = partial(_act, part, rows, session.info["notifier"].notify)
        event.listen(session.sync_session, "after_commit", act, once=True)
    return rows


def _act(part: Part, rows: Sequence[Row], notify: Notify, _session: object) -> None:
    part.after_commit(rows, notify)


def _named(parts: Iterable[type[Part]]) -> str:
    return ", ".join(sorted(part.__name__ for part in parts)) or "no parts"
