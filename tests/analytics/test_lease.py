import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

import pytest
from pymongo.errors import AutoReconnect

from analytics.counting import lease as leases
from analytics.counting.lease import LEASE, RENEW_EVERY_S, leased
from analytics.models import LEASES
from chassis.core.clock import utc_now
from chassis.core.types import new_id
from chassis.mongodb.database import MotorDatabase
from cli.dev.polling import eventually


class Sleeper:
    """Sleeps until it is woken; records the requested durations."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._woken = asyncio.Semaphore(0)

    async def __call__(self, seconds: float) -> None:
        """Replaces ``asyncio.sleep``."""
        self.asked.append(seconds)
        await self._woken.acquire()

    def wake_for_good(self) -> None:
        """End one sleep."""
        self._woken.release()

    async def wake(self) -> None:
        """End one sleep, and wait for the next."""
        slept = len(self.asked)
        self._woken.release()

        async def sleeps_again() -> bool:
            return len(self.asked) > slept

        assert await eventually(sleeps_again)


@pytest.fixture
def work() -> str:
    """A name of work used by this test only: leases stay from test to test."""
    return str(new_id())


class Clock:
    """A clock that moves only when the test moves it."""

    def __init__(self) -> None:
        self._now = utc_now()

    def __call__(self) -> datetime:
        """Return the current time."""
        return self._now

    def move(self, seconds: float) -> None:
        """Advance the time."""
        self._now += timedelta(seconds=seconds)


Lease = Callable[..., AbstractAsyncContextManager[leases.Lease]]


@pytest.fixture
def clock() -> Clock:
    """The clock of leases."""
    return Clock()


@pytest.fixture
def lease(database: MotorDatabase, work: str, clock: Clock) -> Lease:
    """Leases the work, or other work; each lease has its own sleeper."""

    def make(name: str = work, sleep: Sleeper | None = None) -> AbstractAsyncContextManager[leases.Lease]:
        return leased(database, name, sleep=sleep or Sleeper(), clock=clock)

    return make


async def until(database: MotorDatabase, work: str) -> datetime:
    """The end of the lease."""
    row = await database[LEASES].find_one({"_id": work})
    assert row
    at: datetime = row["until"]
    return at


async def test_of_two_one_has_the_work(lease: Lease, work: str) -> None:
    """The first process holds the lease until its block ends; other work has another lease."""
    async with lease() as first, lease() as second, lease(f"{work}, too") as other:
        assert (first.is_ours, second.is_ours, other.is_ours) == (True, False, True)
    async with lease() as next_one:
        assert next_one.is_ours


async def test_who_did_not_get_it_does_not_end_it(lease: Lease) -> None:
    """A process without the lease does not end it: the other's stays valid."""
    async with lease():
        async with lease():
            pass
        async with lease() as third:
            assert not third.is_ours


async def test_a_lease_is_renewed_while_the_work_lasts(
    database: MotorDatabase, lease: Lease, work: str, clock: Clock
) -> None:
    """A lease is renewed as long as the work lasts, and no other process gets it; other leases stay unchanged."""
    sleeper = Sleeper()
    async with lease(f"{work}, too"), lease(sleep=sleeper) as ours:
        beside = await until(database, f"{work}, too")
        for _ in range(10):
            clock.move(RENEW_EVERY_S)
            await sleeper.wake()
        async with lease() as other:
            assert (ours.is_ours, other.is_ours) == (True, False)
        assert await until(database, f"{work}, too") == beside
        assert set(sleeper.asked) == {RENEW_EVERY_S}
    assert LEASE.total_seconds() > RENEW_EVERY_S * 3


async def test_the_work_of_one_that_is_dead_is_taken_over(
    database: MotorDatabase, lease: Lease, work: str, clock: Clock
) -> None:
    """The lease passes on after 20 s; if the first process lives after all, it notices the loss, and ends no lease."""
    sleeper = Sleeper()
    async with lease(sleep=sleeper) as stopped:
        clock.move(19)
        async with lease() as early:
            assert not early.is_ours
        clock.move(1)
        async with lease() as taken:
            assert taken.is_ours
            ends = await until(database, work)
            sleeper.wake_for_good()

            async def is_lost() -> bool:
                return not stopped.is_ours

            assert await eventually(is_lost)
            assert await until(database, work) == ends
    assert len(sleeper.asked) == 1


async def test_a_renewal_that_fails_is_tried_again(
    database: MotorDatabase, lease: Lease, work: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed renewal the work continues, and the lease with it."""
    sleeper, renew = Sleeper(), leases._Holder.renew  # noqa: SLF001 - simulates the database

    async def gone(_holder: object) -> bool:
        monkeypatch.setattr(leases._Holder, "renew", renew)  # noqa: SLF001
        raise AutoReconnect("gone")

    async with lease(sleep=sleeper) as ours:
        began = await until(database, work)
        monkeypatch.setattr(leases._Holder, "renew", gone)  # noqa: SLF001
        clock.move(RENEW_EVERY_S)
        await sleeper.wake()
        assert (ours.is_ours, await until(database, work)) == (True, began)
        await sleeper.wake()
        assert ours.is_ours
        assert await until(database, work) == began + timedelta(seconds=RENEW_EVERY_S)
