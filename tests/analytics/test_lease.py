import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from analytics import lease as leases
from analytics.lease import LEASE, RENEW_EVERY_S, leased
from analytics.models import LEASES
from chassis.clock import utc_now
from chassis.ids import new_id
from chassis.mongodb import MotorDatabase
from chassis.testing import eventually


class Sleeper:
    """Sleeps until it is woken; remembers for how long it should have slept."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._woken = asyncio.Semaphore(0)

    async def __call__(self, seconds: float) -> None:
        """Take the place of ``asyncio.sleep``."""
        self.asked.append(seconds)
        await self._woken.acquire()

    async def wake(self) -> None:
        """End one sleep, and wait for the next."""
        slept = len(self.asked)
        self._woken.release()

        async def sleeps_again() -> bool:
            return len(self.asked) > slept

        assert await eventually(sleeps_again)


@pytest.fixture
def work() -> str:
    """The name of work that nobody else does: leases stay from test to test."""
    return str(new_id())


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Moves the clock of leases."""
    passed = timedelta()

    def move(by: timedelta) -> None:
        nonlocal passed
        passed += by

    monkeypatch.setattr(leases, "utc_now", lambda: utc_now() + passed)
    return move


async def until(database: MotorDatabase, work: str) -> datetime:
    """When the lease of some work ends."""
    row = await database[LEASES].find_one({"_id": work})
    assert row
    at: datetime = row["until"]
    return at


async def test_of_two_one_has_the_work(database: MotorDatabase, work: str) -> None:
    """Until its block ends; other work is another lease."""
    async with (
        leased(database, work) as first,
        leased(database, work) as second,
        leased(database, f"{work}, too") as other,
    ):
        assert (first.is_ours, second.is_ours, other.is_ours) == (True, False, True)
    async with leased(database, work) as next_one:
        assert next_one.is_ours


async def test_who_did_not_get_it_does_not_end_it(database: MotorDatabase, work: str) -> None:
    """The lease of the other goes on."""
    async with leased(database, work):
        async with leased(database, work):
            pass
        async with leased(database, work) as third:
            assert not third.is_ours


async def test_a_lease_is_renewed_while_the_work_lasts(
    database: MotorDatabase, work: str, now: Callable[[timedelta], None]
) -> None:
    """However long that is, nobody else gets it; the lease of other work is left as it is."""
    sleeper = Sleeper()
    async with leased(database, f"{work}, too", Sleeper()), leased(database, work, sleeper) as ours:
        beside = await until(database, f"{work}, too")
        for _ in range(10):
            now(timedelta(seconds=RENEW_EVERY_S))
            await sleeper.wake()
        async with leased(database, work) as other:
            assert (ours.is_ours, other.is_ours) == (True, False)
        assert await until(database, f"{work}, too") == beside
        assert set(sleeper.asked) == {RENEW_EVERY_S}


async def test_the_work_of_one_that_is_dead_is_taken_over(
    database: MotorDatabase, work: str, now: Callable[[timedelta], None]
) -> None:
    """After 20 s, not before. If it lives after all, it sees that the work is not its own, and ends nothing."""
    sleeper = Sleeper()
    async with leased(database, work, sleeper) as stopped:
        now(LEASE - timedelta(seconds=1))
        async with leased(database, work) as early:
            assert not early.is_ours
        now(timedelta(seconds=1))
        async with leased(database, work, Sleeper()) as taken:
            assert taken.is_ours
            ends = await until(database, work)
            sleeper._woken.release()  # noqa: SLF001 - it does not sleep again

            async def is_lost() -> bool:
                return not stopped.is_ours

            assert await eventually(is_lost)
            assert await until(database, work) == ends
    assert len(sleeper.asked) == 1


async def test_a_renewal_that_fails_is_tried_again(
    database: MotorDatabase, work: str, now: Callable[[timedelta], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work goes on meanwhile, and the lease with it."""
    sleeper = Sleeper()

    class Broken:
        def __getitem__(self, _name: str) -> "Broken":
            return self

        async def update_one(self, *_: object) -> None:
            raise AutoReconnect("gone")

    original = leases._keep  # noqa: SLF001
    databases: list[Any] = [Broken(), database]

    class Failing:
        def __getitem__(self, name: str) -> Any:  # noqa: ANN401
            return databases.pop(0)[name]

    monkeypatch.setattr(leases, "_keep", lambda _database, *more: original(Failing(), *more))  # type: ignore[arg-type]
    async with leased(database, work, sleeper) as ours:
        began = await until(database, work)
        now(timedelta(seconds=5))
        await sleeper.wake()
        assert (ours.is_ours, await until(database, work)) == (True, began)
        await sleeper.wake()
        assert ours.is_ours
        assert await until(database, work) > began
