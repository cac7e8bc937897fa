"""The intervals of counting and purging: normally, under load, and in an outage."""

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from types import ModuleType, SimpleNamespace
from unittest.mock import AsyncMock

import pytest

from analytics import main as built_main
from analytics.counting.lease import Lease
from chassis.core.errors import DatabaseUnavailable
from chassis.core.lifecycle import Periodic, repeat


class _Store:
    """A reachable database."""

    @asynccontextmanager
    async def use(self) -> AsyncIterator[None]:
        """Use it."""
        yield None


class _Outage:
    """An unreachable database that counts attempts."""

    asked = 0

    @asynccontextmanager
    async def use(self) -> AsyncIterator[None]:
        """Fail."""
        self.asked += 1
        raise DatabaseUnavailable
        yield


@pytest.fixture
def outage() -> _Outage:
    """An unreachable database."""
    return _Outage()


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """``analytics.main`` as in production: the tests' services use other intervals."""
    spec = importlib.util.spec_from_file_location("analytics_main_anew", str(built_main.__file__))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def periodics(
    main: ModuleType, outage: _Outage, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> dict[str, Periodic]:
    """The service's periodic work, by name; its database is unreachable."""
    found: Sequence[Periodic] = ()
    monkeypatch.setattr(main, "MongoDB", lambda *_: outage)

    def create_app(*_: object, periodic: Sequence[Periodic], own: object) -> None:
        nonlocal found
        found = periodic

    monkeypatch.setattr(main, "create_app", create_app)
    main.build()
    return {one.name: one for one in found}


async def rounds(periodic: Periodic, seconds: float) -> None:
    """Run the periodic work for this many seconds."""
    slept = 0.0

    async def sleep(wanted: float) -> None:
        nonlocal slept
        slept += wanted
        if slept > seconds:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await repeat(periodic, sleep=sleep, random=lambda: 0.5)


@pytest.mark.parametrize(("name", "every_s"), [("count", 1.0), ("purge", 60.0), ("follow", 0.5)])
async def test_in_an_outage_the_database_is_asked_once_a_round(
    periodics: dict[str, Periodic], outage: _Outage, name: str, every_s: float
) -> None:
    """A failed round is followed by the usual pause."""
    await rounds(periodics[name], 30 * every_s)

    assert outage.asked == 30


class _Counting:
    """Counting whose steps take this many seconds, by its own clock."""

    def __init__(self, main: ModuleType, monkeypatch: pytest.MonkeyPatch, steps: Iterator[tuple[int, float]]) -> None:
        self.clock = 0.0
        self.pauses: list[float] = []
        self.lease = Lease(is_ours=True)
        self.steps = 0
        self._todo = steps

        async def sleep(seconds: float) -> None:
            self.pauses.append(seconds)

        @asynccontextmanager
        async def leased(*_: object) -> AsyncIterator[Lease]:
            yield self.lease

        monkeypatch.setattr(main, "leased", leased)
        monkeypatch.setattr(main, "anything_to_count", AsyncMock(return_value=True))
        monkeypatch.setattr(main, "aggregate_dirty_minutes", self.fold)
        monkeypatch.setattr(main, "monotonic", lambda: self.clock)
        monkeypatch.setattr(main, "asyncio", SimpleNamespace(sleep=sleep))

    async def fold(self, _database: object) -> int:
        """Count some marks."""
        self.steps += 1
        counted, took = next(self._todo)
        self.clock += took
        return counted


Make = Callable[[list[tuple[int, float]]], _Counting]


@pytest.fixture
def counting(main: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes counting take this many steps, with these numbers of marks and seconds."""
    return lambda steps: _Counting(main, monkeypatch, iter(steps))


@pytest.mark.parametrize(
    ("steps", "pause"),
    [
        ([(3, 0.2)], 1.8),
        ([(0, 0.0)], 0.0),
        ([(999, 100.0)], 10.0),
        ([(1000, 5.0), (1000, 5.0), (1, 0.1)], 0.9),
    ],
)
async def test_counting_takes_a_tenth_of_the_time(
    main: ModuleType, counting: Make, steps: list[tuple[int, float]], pause: float
) -> None:
    """Counting pauses nine times as long as the last step took, ten seconds at most, but not while more is to count."""
    work = counting(steps)

    await main._count(_Store())  # noqa: SLF001 - the periodic work

    assert work.steps == len(steps)
    assert work.pauses == [pytest.approx(pause)]


async def test_who_has_lost_the_work_stops(main: ModuleType, counting: Make) -> None:
    """A process that lost the lease stops, even if there is more to count: the new holder counts it."""
    work = counting([(1000, 0.0)] * 10)
    original = work.fold

    async def fold(database: object) -> int:
        work.lease.is_ours = work.steps < 2
        return await original(database)

    main.aggregate_dirty_minutes = fold  # type: ignore[attr-defined]
    await main._count(_Store())  # noqa: SLF001

    assert work.steps == 3


async def test_without_anything_to_count_no_lease_is_taken(main: ModuleType, counting: Make) -> None:
    """An idle service reads, and writes nothing."""
    work = counting([])
    main.anything_to_count = AsyncMock(return_value=False)  # type: ignore[attr-defined]
    main.leased = None  # type: ignore[attr-defined]

    await main._count(_Store())  # noqa: SLF001

    assert work.steps == 0


async def test_whoever_has_not_the_work_counts_nothing(main: ModuleType, counting: Make) -> None:
    """A process without the lease does not count."""
    work = counting([])
    work.lease.is_ours = False

    await main._count(_Store())  # noqa: SLF001

    assert work.steps == 0
