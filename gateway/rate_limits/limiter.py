"""
Counting requests, right across all workers of all replicas: in PostgreSQL, by its clock.

A key, which is a person or an address in a class of routes, has one row: the time at which all its units are free again
(GCRA). A worker has at most one statement under way for a key; requests that arrive meanwhile are counted together by
the next one. A key that was refused is refused without a statement until a unit is free again.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from itertools import accumulate
from time import monotonic

import structlog
from asyncpg import PostgresError
from prometheus_client import Counter

from chassis.core.errors import DatabaseUnavailable
from chassis.core.outage import Outage
from chassis.postgres.database import Postgres
from chassis.postgres.statements import Statement
from gateway.rate_limits.rates import Rate, Rates
from gateway.rate_limits.standing import Standing

log = structlog.get_logger(__name__)

PATIENCE_S = 0.05
"""How long a request waits to be counted; it passes then."""
MOST_REFUSED = 10_000
"""Keys that a worker refuses by itself."""

REQUESTS = Counter("rate_limit_requests", "Requests by class of routes; uncounted ones passed.", ["limit", "outcome"])

_TAKE = Statement(
    """
        INSERT INTO rate_limits AS bucket (key, full_at, taken)
        SELECT CAST(:key AS bytea), now() + fits * CAST(:unit AS interval), fits
        FROM (
            SELECT coalesce(max(units), 0) FROM unnest(CAST(:sums AS bigint[])) AS units
            WHERE units * CAST(:unit AS interval) <= CAST(:window AS interval)
        ) AS it (fits)
        ON CONFLICT (key) DO UPDATE SET (full_at, taken) = (
            SELECT greatest(bucket.full_at, now()) + fits * CAST(:unit AS interval), fits
            FROM (
                SELECT coalesce(max(units), 0) FROM unnest(CAST(:sums AS bigint[])) AS units
                WHERE greatest(bucket.full_at - now(), interval '0') + units * CAST(:unit AS interval)
                    <= CAST(:window AS interval)
            ) AS it (fits)
        )
        RETURNING taken, full_at - now() AS full_in
    """
)
"""
Take the largest of these sums of units that fits: the first requests of a batch are admitted, and the others refused.

``now()`` is the time at which the statement began, even if it then waited for another one: it never admits too much.
"""


class NotCounted(Exception):
    """The database did not count a request, or not in time."""


@dataclass(frozen=True, slots=True)
class _Key:
    """What is counted together, by one rate."""

    limit: str
    who: str
    rate: Rate

    @property
    def digest(self) -> bytes:
        return sha256(f"{self.limit}\0{self.who}".encode()).digest()

    def admitted(self, full_in: timedelta) -> Standing:
        return Standing(self.limit, self.rate, full_in)

    def refused(self, full_in: timedelta, units: int) -> Standing:
        wait = full_in + units * self.rate.unit - self.rate.window
        return Standing(self.limit, self.rate, full_in, max(wait, timedelta.resolution))


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A request that waits to be counted."""

    units: int
    result: asyncio.Future[Standing | None]

    def resolve(self, standing: Standing | None) -> None:
        if not self.result.done():  # it no longer waits
            self.result.set_result(standing)


class Limiter:
    """
    Counts requests.

    Args:
        patience_s: As ``PATIENCE_S``.
        clock: Seconds, monotonic.
    """

    def __init__(
        self, store: Postgres, rates: Rates, *, patience_s: float = PATIENCE_S, clock: Callable[[], float] = monotonic
    ) -> None:
        self._store = store
        self._rates = rates
        self._patience_s = patience_s
        self._clock = clock
        self._lines: dict[_Key, list[_Waiting]] = {}
        self._tasks = set[asyncio.Task[None]]()
        self._refused: dict[_Key, float] = {}
        """Key -> the time at which all its units are free again, by our clock."""
        self._outage = Outage(log, "requests pass without being counted", "requests are counted again")

    async def count(self, limit: str, who: str, units: int = 1) -> Standing | None:
        """
        Count a request, and return where it stands; None if it passes without being counted.

        Args:
            limit: The class of the route.
            who: The person or the address.
            units: What the request costs. One that costs more than the rate has costs all of it.
        """
        if (rate := self._rates[limit]) is None:
            return None
        key, units = _Key(limit, who, rate), min(units, rate.units)
        standing = self._still_refused(key, units) or await self._counted(key, units)
        REQUESTS.labels(limit, _outcome(standing)).inc()
        return standing

    def _still_refused(self, key: _Key, units: int) -> Standing | None:
        """Return where a refused key stands, if its units are not free yet: no statement can free them sooner."""
        full_in = timedelta(seconds=self._refused.get(key, 0.0) - self._clock())
        if full_in <= timedelta(0):
            self._refused.pop(key, None)
            return None
        return key.refused(full_in, units) if full_in + units * key.rate.unit > key.rate.window else None

    async def _counted(self, key: _Key, units: int) -> Standing | None:
        """Count a request with the next statement for its key; without an answer in time it passes."""
        one = _Waiting(units, asyncio.get_running_loop().create_future())
        if key in self._lines:
            self._lines[key].append(one)
        else:
            self._lines[key] = [one]
            # A task of its own, which is not cancelled with a request: what it takes is used.
            task = asyncio.create_task(self._serve(key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            async with asyncio.timeout(self._patience_s):
                return await one.result
        except TimeoutError:
            self._outage.began(NotCounted(f"no answer of the database within {self._patience_s} s"))
            return None

    async def _serve(self, key: _Key) -> None:
        """Count the requests of a key, all that wait at a time, until none waits."""
        try:
            while batch := self._lines[key]:
                self._lines[key] = []
                await self._count(key, batch)
        finally:
            del self._lines[key]

    async def _count(self, key: _Key, batch: list[_Waiting]) -> None:
        sums, begun = [*accumulate(one.units for one in batch)], self._clock()
        values = {"key": key.digest, "sums": sums, "unit": key.rate.unit, "window": key.rate.window}
        try:
            ((taken, full_in),) = await self._store.run(_TAKE, values)
        except (DatabaseUnavailable, PostgresError) as error:
            self._outage.began(NotCounted(str(error)))
            for one in batch:
                one.resolve(None)
            return
        if self._clock() - begun <= self._patience_s:
            self._outage.ended()
        for one, units in zip(batch, sums, strict=True):
            one.resolve(key.admitted(full_in) if units <= taken else key.refused(full_in, one.units))
        if taken < sums[-1]:
            self._remember(key, full_in)

    def _remember(self, key: _Key, full_in: timedelta) -> None:
        if len(self._refused) >= MOST_REFUSED:
            del self._refused[next(iter(self._refused))]
        self._refused[key] = self._clock() + full_in.total_seconds()


def _outcome(standing: Standing | None) -> str:
    if standing is None:
        return "uncounted"
    return "admitted" if standing.is_admitted else "refused"
