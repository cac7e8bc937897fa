"""
Tables that belong to others: a running service compares them with those that its models were generated from.

The owner may change a table at any time. A request that fails because of that is a 503 (``schema_changed``) instead of
a 500, ``/readyz`` names what is different, and all works again once the columns are back or the models are new.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from chassis.core.errors import DatabaseUnavailable, SchemaChanged
from chassis.core.tracebacks import place_of
from chassis.postgres.columns import EFFECTS, STORED, Difference, compare, read_columns
from chassis.postgres.database import Postgres
from chassis.telemetry.metrics import TABLES_CHANGED

log = structlog.get_logger(__name__)


class ReflectedSchema:
    """
    The tables of another owner in a service's database.

    Args:
        store: The database.
        columns: The file that ``make orm`` has written beside the models.

    Raises:
        OSError: The file cannot be read.
        ValueError: It was not written by ``make orm``.
    """

    def __init__(self, store: Postgres, columns: Path) -> None:
        self._store = store
        reading = STORED.validate_json(columns.read_bytes())
        self._schema, self.expected = reading.schema, reading.tables
        self._reported: Sequence[str] = ()

    async def check(self) -> str:
        """
        Compare the tables, on a connection outside the pool; returns differences with which most requests succeed.

        Raises:
            SchemaChanged: Requests fail because of the differences (503).
            Exception: The database does not answer.
        """
        async with self._store.outside_pool() as connection:
            found = await read_columns(connection, self._schema, self.expected)
        differences = self._report(list(compare(self.expected, found)))
        if any(one.fails == "always" for one in differences):
            raise SchemaChanged(list(map(str, differences)))
        return "; ".join(map(str, differences))

    async def watch(self) -> None:
        """Compare the tables, whether or not a probe or a failed request does: for the log and the metrics."""
        with suppress(SchemaChanged):
            await self.check()

    async def explain(self, error: Exception) -> SchemaChanged | None:
        """Return what to answer instead of an unhandled error, if the tables have changed; None if they have not."""
        with suppress(DatabaseUnavailable):
            causes = [str(one) for one in self._report(await self.differences()) if one.fails != "never"]
            if causes:
                log.warning("request failed on changed tables", error=type(error).__name__, place=place_of(error))
                return SchemaChanged(causes)
        return None

    async def differences(self) -> Sequence[Difference]:
        """
        Return what is different in the tables, now.

        Raises:
            DatabaseUnavailable: The database does not answer (503).
        """
        async with self._store.transaction() as session:
            return list(compare(self.expected, await read_columns(session, self._schema, self.expected)))

    def _report(self, differences: Sequence[Difference]) -> Sequence[Difference]:
        """Count the differences, and log them if they are others than before; returns them."""
        for effect in EFFECTS:
            TABLES_CHANGED.labels(effect).set(sum(one.fails == effect for one in differences))
        named = list(map(str, differences))
        if named and named != self._reported:
            log.warning("tables of another owner have changed", differences=named)
        elif self._reported and not named:
            log.info("tables of another owner are as expected again")
        self._reported = named
        return differences
