import asyncio
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import CapturingLogger

from chassis.core import lifecycle
from chassis.core.errors import Conflict, ServiceUnavailable
from chassis.core.lifecycle import Periodic, repeat, running
from cli.dev.polling import eventually


class Enough(BaseException):
    """Ends a loop that has no end."""


class Work:
    """Counts its rounds, which fail if the test wants it."""

    def __init__(self, *failures: Exception | None) -> None:
        self.rounds = 0
        self._failures = list(failures)

    async def __call__(self) -> None:
        """Run a round."""
        self.rounds += 1
        if self._failures and (failure := self._failures.pop(0)):
            raise failure


def sleeping(rounds: int, slept: list[float]) -> Callable[[float], Awaitable[None]]:
    """A sleep that takes no time and ends the loop after some rounds."""

    async def sleep(seconds: float) -> None:
        if len(slept) == rounds:
            raise Enough
        slept.append(seconds)

    return sleep


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    """The log lines about periodic work."""
    captured = CapturingLogger()
    monkeypatch.setattr(lifecycle, "log", captured)
    return captured


@pytest.mark.parametrize(("fraction", "pause"), [(0.0, 18.0), (0.5, 20.0), (1.0, 22.0)])
async def test_the_first_round_comes_after_one_interval(fraction: float, pause: float) -> None:
    """Each round starts after the interval, which varies by up to 10 %."""
    slept: list[float] = []
    work = Work()

    with pytest.raises(Enough):
        await repeat(Periodic("work", 20.0, work), sleep=sleeping(2, slept), random=lambda: fraction)

    assert slept == pytest.approx([pause, pause])
    assert work.rounds == 2


async def test_a_failure_is_logged_and_the_next_round_comes(log: CapturingLogger) -> None:
    """An expected error is a warning with its reason; any other is logged with its traceback."""
    work = Work(ServiceUnavailable("down"), OSError("broken"))

    with pytest.raises(Enough):
        await repeat(Periodic("work", 1.0, work), sleep=sleeping(3, []))

    assert work.rounds == 3
    assert [call.method_name for call in log.calls] == ["warning", "exception", "warning"]
    assert {call.kwargs["work"] for call in log.calls} == {"work"}
    assert log.calls[0].kwargs["reason"] == "down"


async def test_an_outage_is_two_lines(log: CapturingLogger) -> None:
    """However many rounds fail for one reason, the log has its beginning and its end; another reason has a line too."""
    down, full = ServiceUnavailable("down"), Conflict("full")
    work = Work(down, down, down, full, full, None, None, down)

    with pytest.raises(Enough):
        await repeat(Periodic("work", 1.0, work), sleep=sleeping(8, []))

    lines = [(call.args[0], call.kwargs.get("reason")) for call in log.calls]
    assert work.rounds == 8
    assert lines == [
        ("periodic work failed", "down"),
        ("periodic work failed", "full"),
        ("periodic work recovered", None),
        ("periodic work failed", "down"),
    ]


async def test_work_under_way_is_cancelled_at_the_end() -> None:
    """When the service stops, a round under way is cancelled."""
    ended = asyncio.Event()

    started = asyncio.Event()

    async def hang() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with running([Periodic("hang", 0.01, hang)]):
        await asyncio.wait_for(started.wait(), 5)

    assert ended.is_set()


async def test_all_are_done_side_by_side() -> None:
    """A task that hangs does not delay another."""
    work = Work()

    async def hang() -> None:
        await asyncio.Event().wait()

    async def is_done() -> bool:
        return work.rounds > 1

    async with running([Periodic("hang", 0.01, hang), Periodic("work", 0.02, work)]):
        assert await eventually(is_done)
