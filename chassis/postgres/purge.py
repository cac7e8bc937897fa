"""
Deletes expired rows: in batches that an index finds, each in a short transaction of its own.

Only one worker of a service at a time deletes from a table. Rows that a request has locked are left to the next round.
So neither waits for the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import structlog
from sqlalchemy import ColumnElement, Delete, Select, Table, TextClause, column, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import KeyedColumnElement

from chassis.core.errors import AppError
from chassis.telemetry.metrics import OVERDUE, PURGED

if TYPE_CHECKING:
    from sqlalchemy import Column

    from chassis.postgres.database import Postgres  # purges the chassis's own tables with this

log = structlog.get_logger(__name__)

PURGE_EVERY_S = 60.0
BATCH = 1000
_LOCK = 0x9E59E


@dataclass(frozen=True, slots=True)
class Expiry:
    """
    How long the rows of a table are kept.

    Attributes:
        since: The column from which the age of a row is measured; an index must begin with it.
        keep: The age at which a row expires.
        only: A further condition; a partial index must contain it literally.
        batch: How many rows are deleted in one transaction; fewer if each deletion cascades to other rows.
    """

    since: KeyedColumnElement[Any]
    keep: timedelta
    only: ColumnElement[bool] | TextClause | None = None
    batch: int = BATCH

    @property
    def table(self) -> Table:
        """The table of the column."""
        return cast("Column[Any]", self.since).table

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.table.name

    def delete_batch(self) -> Delete:
        """Return the statement that deletes the oldest expired rows."""
        due = (
            self._where(select(column("ctid")).select_from(self.table))
            .where(self.since < func.now() - self.keep)
            .order_by(self.since)
            .limit(self.batch)
            .with_for_update(skip_locked=True)
        )
        return self.table.delete().where(column("ctid") == func.any(func.array(due.scalar_subquery())))

    def overdue_s(self) -> Select[Any]:
        """Return the query for the seconds since the oldest row expired; negative or NULL if none has."""
        return self._where(select(func.extract("epoch", func.now() - self.keep - func.min(self.since))))

    def _where(self, query: Select[Any]) -> Select[Any]:
        return query if self.only is None else query.where(self.only)


async def purge(database: "Postgres", expiries: Sequence[Expiry]) -> None:
    """
    Delete every expired row, a batch of each table in turn; then measure how overdue the rest is.

    If a table cannot be purged, the error is logged and the others are purged.
    """
    due = list(expiries)
    while due:
        due = [expiry for expiry in due if await _purge_batch(database, expiry) == expiry.batch]
    await _measure(database, expiries)


async def _purge_batch(database: "Postgres", expiry: Expiry) -> int:
    """Delete a batch and return its number of rows; 0 if another worker is purging this table, or on an error."""
    try:
        async with database.transaction() as session:
            deleted = await _delete_alone(session, expiry)
    except Exception as error:  # noqa: BLE001 - the other tables are purged, and this one next time
        _log("table not purged", expiry, error)
        return 0
    PURGED.labels(expiry.name).inc(deleted)
    return deleted


async def _delete_alone(session: AsyncSession, expiry: Expiry) -> int:
    lock = func.pg_try_advisory_xact_lock(_LOCK, func.hashtext(str(expiry.since)))
    if not await session.scalar(select(lock)):
        return 0
    result: Any = await session.execute(expiry.delete_batch())
    return int(result.rowcount)


async def _measure(database: "Postgres", expiries: Sequence[Expiry]) -> None:
    overdue_s: dict[str, float] = {}
    for expiry in expiries:
        try:
            async with database.transaction() as session:
                seconds = await session.scalar(expiry.overdue_s())
        except Exception as error:  # noqa: BLE001
            _log("purge not measured", expiry, error)
        else:
            overdue_s[expiry.name] = max(overdue_s.get(expiry.name, 0.0), float(seconds or 0.0))
    for table, seconds in overdue_s.items():
        OVERDUE.labels(table).set(seconds)


def _log(message: str, expiry: Expiry, error: Exception) -> None:
    if isinstance(error, AppError):  # the database is unavailable, which is logged elsewhere too
        log.warning(message, table=expiry.name, column=expiry.since.key, reason=error.message)
    else:
        log.error(message, table=expiry.name, column=expiry.since.key, exc_info=error)
