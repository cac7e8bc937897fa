"""Counting in the database: exact, and with little work for keys that are refused."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from chassis.core.errors import DatabaseUnavailable
from chassis.core.types import new_id
from chassis.postgres.database import Postgres
from chassis.postgres.statements import Statement
from gateway.models import Bucket
from gateway.rate_limits.limiter import Limiter
from gateway.rate_limits.rates import Rate
from gateway.rate_limits.standing import Standing
from tests.gateway.rate_limits.conftest import HOUR, PATIENCE_S
from tests.support.often import times
from tests.support.scripted_transport import Time

UNIT_S = 360
TEN = {"default": Rate(10, HOUR)}


class Counting:
    """A database that counts the statements."""

    def __init__(self, database: Postgres) -> None:
        self._database = database
        self.statements = 0

    async def run(self, statement: Statement, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as Postgres.run
        """Run it."""
        self.statements += 1
        return await self._database.run(statement, values)


class Failing:
    """A database that does not answer, or not yet."""

    def __init__(self) -> None:
        self.answers: asyncio.Event | None = None

    async def run(self, _statement: Statement, _values: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """Fail, or wait for a long time."""
        if self.answers is None:
            raise DatabaseUnavailable
        await self.answers.wait()
        return [(1, timedelta(seconds=UNIT_S))]


def limiter_of(store: Any, clock: Time | None = None, patience_s: float = PATIENCE_S) -> Limiter:  # noqa: ANN401
    """Return a limiter with ten units an hour."""
    return Limiter(store, TEN, patience_s=patience_s, clock=clock or Time())


async def count(limiter: Limiter, who: str = "ada", units: int = 1) -> Standing:
    """Count a request, which must be possible."""
    standing = await limiter.count("default", who, units)
    assert standing
    return standing


async def pass_time(database: Postgres, clock: Time, seconds: float) -> None:
    """Let time pass, by our clock and by that of the database."""
    clock.now += seconds
    async with database.transaction() as session:
        await session.execute(update(Bucket).values(full_at=Bucket.full_at - timedelta(seconds=seconds)))


async def test_concurrent_requests_of_two_workers_get_each_unit_once(database: Postgres) -> None:
    """Of 50 requests at once exactly ten are admitted; another key keeps its units."""
    workers = [limiter_of(database), limiter_of(database)]
    await count(workers[0], "bystander")

    standings = await asyncio.gather(*(count(workers[number % 2]) for number in range(50)))

    assert sum(one.is_admitted for one in standings) == 10
    async with database.transaction() as session:
        used = await session.scalars(
            select(func.round(func.extract("epoch", Bucket.full_at - func.now()) / UNIT_S)).order_by(Bucket.full_at)
        )
        assert list(used) == [1, 10]


async def test_requests_at_once_are_counted_together(database: Postgres) -> None:
    """A hundred requests of a key that arrive together cost one statement, or two if the first has begun."""
    store = Counting(database)
    limiter = limiter_of(store)

    await asyncio.gather(*(count(limiter) for _ in range(100)))

    assert store.statements <= 2


async def test_a_refused_key_costs_no_statement(database: Postgres) -> None:
    """Until a unit is free again, the worker refuses the key by itself; another key is counted."""
    store = Counting(database)
    clock = Time()
    limiter = limiter_of(store, clock)
    await count(limiter, units=10)
    refused = await count(limiter)
    before = store.statements

    clock.now += 1
    again = await count(limiter)

    assert store.statements == before
    assert (again.is_admitted, refused.wait - again.wait) == (False, timedelta(seconds=1))
    assert (await count(limiter, "bob")).is_admitted


async def test_the_wait_is_honest(database: Postgres) -> None:
    """A second before the end of the wait a request is refused, and after it one is admitted."""
    clock = Time()
    limiter = limiter_of(database, clock)
    await count(limiter, units=10)
    wait = (await count(limiter, units=2)).retry_after_s

    await pass_time(database, clock, wait - 1)
    early = [await count(one, units=2) for one in (limiter, limiter_of(database))]
    await pass_time(database, clock, 1)

    assert wait == 2 * UNIT_S
    assert [one.is_admitted for one in early] == [False, False]
    assert (await count(limiter, units=2)).is_admitted


async def test_units_are_taken_in_the_order_of_requests(database: Postgres) -> None:
    """An expensive request that does not fit takes nothing; those before it are admitted."""
    limiter = limiter_of(database)

    standings = await asyncio.gather(*(count(limiter, units=units) for units in (3, 4, 5)))

    assert [one.is_admitted for one in standings] == [True, True, False]
    assert (await count(limiter, units=3)).is_admitted


async def test_more_than_all_units_is_all_units(database: Postgres) -> None:
    """A request over the rate is admitted when all units are free; it could never be otherwise."""
    limiter = limiter_of(database)

    assert [(await count(limiter, units=99)).is_admitted for _ in range(2)] == [True, False]


@settings(max_examples=times(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 10), st.integers(0, 3)), min_size=1, max_size=12))
async def test_the_database_counts_like_a_model(database: Postgres, steps: list[tuple[int, int]]) -> None:
    """After any requests and pauses, a request is admitted if its units fit into those that are free by now."""
    clock, who, used = Time(), str(new_id()), 0.0
    for units, pause in steps:
        used = max(0.0, used - pause - 0.5)
        await pass_time(database, clock, (pause + 0.5) * UNIT_S)
        fits = used + units <= 10
        assert (await count(limiter_of(database, clock), who, units)).is_admitted == fits
        used += units * fits


async def test_without_an_answer_requests_pass() -> None:
    """If the database is down or slow, requests pass uncounted; it is counted in a metric, and logged once."""
    down, slow = Failing(), Failing()
    slow.answers = asyncio.Event()
    limiters = [limiter_of(down), limiter_of(slow, patience_s=0.0)]
    labels = {"limit": "default", "outcome": "uncounted"}
    before = REGISTRY.get_sample_value("rate_limit_requests_total", labels) or 0.0

    with capture_logs() as lines:
        counted = [await limiter.count("default", "ada") for limiter in limiters for _ in range(3)]

    slow.answers.set()
    assert counted == [None] * 6
    assert REGISTRY.get_sample_value("rate_limit_requests_total", labels) == before + 6
    assert [line["log_level"] for line in lines] == ["warning", "warning"]
    assert all(line["event"] == "requests pass without being counted" for line in lines)


async def test_a_late_answer_counts(database: Postgres) -> None:
    """What the database counts after the request has passed is used; the next request waits for no older one."""
    limiter = limiter_of(database, patience_s=0.0)
    assert await limiter.count("default", "ada", 10) is None
    patient = limiter_of(database)
    await asyncio.gather(*limiter._tasks)  # noqa: SLF001 - only tests wait for them

    assert not (await count(patient)).is_admitted


async def test_a_worker_forgets_what_it_refused_longest_ago(
    database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many keys are refused, a worker stores few of them."""
    monkeypatch.setattr("gateway.rate_limits.limiter.MOST_REFUSED", 2)
    limiter = limiter_of(database)
    for who in ("ada", "bob", "eve"):
        await count(limiter, who, 10)
        await count(limiter, who)

    assert [key.who for key in limiter._refused] == ["bob", "eve"]  # noqa: SLF001


async def test_a_full_bucket_is_purged(database: Postgres) -> None:
    """A row with units in use stays."""
    clock = Time()
    await count(limiter_of(database), "ada")
    await pass_time(database, clock, UNIT_S)
    await count(limiter_of(database), "bystander")

    await database.purge_expired()

    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Bucket)) == 1
    assert (await count(limiter_of(database), "bystander", 10)).is_admitted is False
