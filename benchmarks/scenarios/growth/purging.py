"""How long a batch of each purge takes, on both sides."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import median

from pydantic import SecretStr

from benchmarks.scenarios.growth.stores import Databases
from chassis.idempotency.dependency import KEY_EXPIRY
from chassis.messaging.inbox import INBOX_EXPIRY
from chassis.postgres.database import Postgres
from chassis.postgres.purge import Expiry
from product.expiries import EXPIRIES as PRODUCT_EXPIRIES
from user.expiries import EXPIRIES as USER_EXPIRIES

_TABLES = {"sessions", "refresh_tokens", "audit_entries"}
"""Of the user service: the tables that are filled."""
_EXPIRIES: Mapping[str, Sequence[Expiry]] = {
    "order": [KEY_EXPIRY],
    "product": [INBOX_EXPIRY, *PRODUCT_EXPIRIES],
    "user": [one for one in USER_EXPIRIES if one.name in _TABLES and one.since.key != "revoked_at"],
}
_ALL = -timedelta(days=365)
"""Kept until a year ago, so that every row has expired."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The milliseconds that it takes to delete a batch of *rows* from a table: of each round, by side."""

    table: str
    rows: int
    ms: Mapping[str, Sequence[float]]

    def median_ms(self, side: str) -> float:
        """Return the median of a side."""
        return median(self.ms[side])


def measure_purges(sides: Sequence[Databases], rounds: int) -> list[Batch]:
    """Delete a batch of each table, and roll it back; both sides in turn."""
    return asyncio.run(_measure(sides, rounds))


async def _measure(sides: Sequence[Databases], rounds: int) -> list[Batch]:
    found = list[Batch]()
    for service, expiries in _EXPIRIES.items():
        opened = {one.side: Postgres(SecretStr(one.urls[f"{service.upper()}_DATABASE_URL"]), service) for one in sides}
        for database in opened.values():
            await database.open()
        for expiry in expiries:
            ms: dict[str, list[float]] = {side: [] for side in opened}
            for _ in range(rounds):
                for side, database in opened.items():
                    ms[side].append(await _delete(database, replace(expiry, keep=_ALL)))
            found.append(Batch(expiry.name, expiry.batch, ms))
        for database in opened.values():
            await database.close()
    return found


async def _delete(database: Postgres, expiry: Expiry) -> float:
    async with database.transaction() as session:
        await session.connection()
        begun = time.perf_counter()
        await session.execute(expiry.delete_batch())
        took = time.perf_counter() - begun
        await session.rollback()
    return took * 1e3
