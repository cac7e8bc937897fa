import asyncio
from collections.abc import Callable

import httpx
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chassis.dispatch.breaker import Breaker, CircuitOpen, State
from chassis.errors import AppError, ServiceUnavailable
from tests.dispatch.scripted import OK, PATH, Step, Time, answers, dispatcher_to, fails

End = Callable[[Breaker, int], None]


def succeed(breaker: Breaker, permit: int) -> None:
    """End a call well."""
    breaker.succeed(permit, 0.1)


def crawl(breaker: Breaker, permit: int) -> None:
    """End a call well, but late."""
    breaker.succeed(permit, 2.1)


def fail(breaker: Breaker, permit: int) -> None:
    """End a call badly."""
    breaker.fail(permit)


def abandon(breaker: Breaker, permit: int) -> None:
    """Cancel a call."""
    breaker.abandon(permit)


def make(time: Time, chance: float = 0.5) -> Breaker:
    """Make a breaker whose pauses are as long as they are meant."""
    return Breaker(time, lambda: chance)


def run(breaker: Breaker, end: End, times: int) -> None:
    """Make calls one after the other that all end alike."""
    for _ in range(times):
        end(breaker, breaker.admit())


def open_up(time: Time, chance: float = 0.5) -> Breaker:
    """Make a breaker that has just opened."""
    breaker = make(time, chance)
    run(breaker, fail, 20)
    assert breaker.state is State.OPEN
    return breaker


def is_open(breaker: Breaker) -> bool:
    """Whether a call is refused now; the call that is not is abandoned."""
    try:
        breaker.abandon(breaker.admit())
    except CircuitOpen:
        return True
    return False


@pytest.mark.parametrize(
    ("good", "bad", "state"),
    [
        (0, 19, State.CLOSED),
        (0, 20, State.OPEN),
        (10, 10, State.OPEN),
        (11, 10, State.CLOSED),
        (11, 11, State.OPEN),
        (1000, 999, State.CLOSED),
        (1000, 1000, State.OPEN),
    ],
)
@pytest.mark.parametrize("end", [fail, crawl])
def test_it_opens_when_half_of_at_least_twenty_were_bad(good: int, bad: int, state: State, end: End) -> None:
    """Failed calls and those over 2 s count alike."""
    breaker = make(Time())

    run(breaker, succeed, good)
    run(breaker, end, bad)

    assert breaker.state is state


def test_two_seconds_are_not_slow() -> None:
    """A call is slow from over 2 s on."""
    breaker = make(Time())

    for _ in range(100):
        breaker.succeed(breaker.admit(), 2.0)

    assert breaker.state is State.CLOSED


@pytest.mark.parametrize(("passed_s", "state"), [(29, State.OPEN), (30, State.CLOSED)])
def test_calls_count_for_30_s(passed_s: int, state: State) -> None:
    """Failures of half a minute ago say nothing any more."""
    time = Time()
    breaker = make(time)
    run(breaker, fail, 19)

    time.now += passed_s
    run(breaker, fail, 1)

    assert breaker.state is state


@pytest.mark.parametrize(("chance", "pause_s"), [(0.0, 4.0), (0.5, 5.0), (1.0, 6.0)])
def test_the_first_pause_is_5_s_give_or_take_a_fifth(chance: float, pause_s: float) -> None:
    """Callers do not all come back at the same moment."""
    time = Time()
    breaker = open_up(time, chance)

    time.now += pause_s - 0.01
    assert is_open(breaker)
    time.now += 0.02
    assert not is_open(breaker)


def test_each_failed_probe_doubles_the_pause_up_to_a_minute() -> None:
    """5, 10, 20, 40, 60, 60 s; and 5 s again once it has been closed."""
    time, pauses = Time(), []
    breaker = open_up(time)
    for _ in range(6):
        with pytest.raises(CircuitOpen) as refused:
            breaker.admit()
        pauses.append(refused.value.retry_after_s)
        time.now += pauses[-1]
        fail(breaker, breaker.admit())
    time.now += 60
    run(breaker, succeed, 3)
    run(breaker, fail, 20)
    with pytest.raises(CircuitOpen) as refused:
        breaker.admit()

    assert pauses == [5, 10, 20, 40, 60, 60]
    assert refused.value.retry_after_s == 5


def test_a_caller_with_patience_of_its_own_limits_the_pause() -> None:
    """With a longest pause of 1 s every pause is that long, the first one too."""
    time = Time()
    breaker = Breaker(time, lambda: 0.5, longest_pause_s=1)
    run(breaker, fail, 20)

    for _ in range(3):
        time.now += 0.9
        assert is_open(breaker)
        time.now += 0.2
        run(breaker, fail, 1)


@pytest.mark.parametrize("end", [fail, crawl])
def test_one_bad_probe_opens_it_again(end: End) -> None:
    """Half-open it trusts nothing: a failed or slow probe, even after two good ones, opens it."""
    time = Time()
    breaker = open_up(time)
    time.now += 5

    run(breaker, succeed, 2)
    end(breaker, breaker.admit())

    assert breaker.state is State.OPEN


def test_three_good_probes_close_it() -> None:
    """After the third, calls flow again."""
    time = Time()
    breaker = open_up(time)
    time.now += 5
    states = []

    for _ in range(3):
        succeed(breaker, breaker.admit())
        states.append(breaker.state)

    assert states == [State.HALF_OPEN, State.HALF_OPEN, State.CLOSED]
    assert [breaker.admit() for _ in range(100)]


def test_only_one_probe_at_a_time_passes() -> None:
    """While a probe is on its way every other call is refused."""
    time = Time()
    breaker = open_up(time)
    time.now += 5

    probe = breaker.admit()

    assert all(is_open(breaker) for _ in range(50))
    succeed(breaker, probe)
    assert not is_open(breaker)


def test_an_abandoned_probe_gives_its_place_to_another() -> None:
    """A cancelled probe does not leave the breaker waiting for ever."""
    time = Time()
    breaker = open_up(time)
    time.now += 5

    run(breaker, abandon, 10)
    run(breaker, succeed, 3)

    assert breaker.state is State.CLOSED


@pytest.mark.parametrize("end", [succeed, fail, crawl, abandon])
def test_what_was_admitted_before_says_nothing(end: End) -> None:
    """Results of calls from before it opened neither close it nor open it again, and free no probe's place."""
    time = Time()
    breaker = make(time)
    late = [breaker.admit() for _ in range(50)]
    run(breaker, fail, 20)
    time.now += 5
    probe = breaker.admit()

    for permit in late:
        end(breaker, permit)

    assert breaker.state is State.HALF_OPEN
    assert is_open(breaker)
    succeed(breaker, probe)
    assert not is_open(breaker)


COUNTED: dict[str, tuple[Step, bool]] = {
    "500": (answers(500), True),
    "502": (answers(502), True),
    "503": (answers(503), True),
    "connect error": (fails(httpx.ConnectError("no")), True),
    "timeout": (fails(httpx.ReadTimeout("no")), True),
    "reset": (fails(httpx.ReadError("no")), True),
    "400": (answers(400), False),
    "404": (answers(404), False),
    "409": (answers(409), False),
    "409 in flight": (answers(409, body='{"code":"in_flight"}'), False),
    "429": (answers(429), False),
}


@pytest.mark.parametrize("failure", COUNTED)
async def test_a_refusal_is_no_failure(failure: str) -> None:
    """Answers of 5xx and calls without an answer open the breaker; 4xx and 429 say that the service works."""
    step, opens = COUNTED[failure]
    dispatcher, peer = dispatcher_to(step)

    for _ in range(40):
        with pytest.raises(AppError):
            await dispatcher.post("product", PATH, json={})

    assert dispatcher.targets() == {"product": "open" if opens else "closed"}
    assert not opens or len(peer.seen) <= 20


async def test_an_open_breaker_is_told_as_unavailable() -> None:
    """A call that is not let through is a 503 that says when to come back, and nothing is sent."""
    dispatcher, peer = dispatcher_to(answers(500))
    for _ in range(20):
        with pytest.raises(AppError):
            await dispatcher.get("product", PATH)

    with pytest.raises(ServiceUnavailable) as refused:
        await dispatcher.get("product", PATH)

    assert len(peer.seen) == 20
    assert 4 <= int(refused.value.headers["Retry-After"]) <= 6
    assert refused.value.headers["x-retry-exhausted"] == "1"


async def test_of_fifty_callers_one_probes() -> None:
    """When the pause is over, one of fifty concurrent calls goes out; if it succeeds the next may."""
    arrived, answering = asyncio.Event(), asyncio.Event()

    async def hold(peer: object, request: object) -> httpx.Response:
        arrived.set()
        await answering.wait()
        return await OK(peer, request)  # type: ignore[arg-type]

    dispatcher, peer = dispatcher_to(*[answers(500)] * 20, hold)
    for _ in range(20):
        with pytest.raises(AppError):
            await dispatcher.get("product", PATH)
    peer.time.now += 6

    calls = [asyncio.create_task(dispatcher.get("product", PATH)) for _ in range(50)]
    await arrived.wait()
    refused = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    answering.set()
    results = await asyncio.gather(*calls, return_exceptions=True)

    assert refused
    assert len(peer.seen) == 21
    assert [result for result in results if not isinstance(result, ServiceUnavailable)] == [{"ok": True}]
    for _ in range(2):
        await dispatcher.get("product", PATH)
    assert dispatcher.targets() == {"product": "closed"}


async def test_cancelled_calls_are_no_failures() -> None:
    """Callers that give up say nothing of the service."""
    held = asyncio.Event()

    async def hold(_peer: object, _request: object) -> httpx.Response:
        await held.wait()
        raise AssertionError

    dispatcher, peer = dispatcher_to(*[hold] * 10_000, OK)
    for _ in range(100):
        calls = [asyncio.create_task(dispatcher.get("product", PATH)) for _ in range(100)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    assert len(peer.seen) == 10_000
    assert dispatcher.targets() == {"product": "closed"}
    assert await dispatcher.get("product", PATH) == {"ok": True}


class BreakerModel(RuleBasedStateMachine):
    """
    The breaker beside a model of it that keeps every call in a list.

    Time moves in whole seconds, as the breaker's window does.
    """

    def __init__(self) -> None:
        super().__init__()
        self.time = Time()
        self.told: list[State] = []
        self.breaker = Breaker(self.time, lambda: 0.5, self.told.append)
        self.state = State.CLOSED
        self.ended: list[tuple[float, bool]] = []
        self.reopens = 0.0
        self.pause = 5.0
        self.successes = 0
        self.counting: list[int] = []
        self.outdated: list[int] = []

    @rule(seconds=st.sampled_from([1, 2, 5, 10, 29, 30, 60]))
    def let_time_pass(self, seconds: int) -> None:
        """Move the clock."""
        self.time.now += seconds

    @rule(times=st.integers(1, 25))
    def admit(self, times: int) -> None:
        """Ask for calls to begin."""
        for _ in range(times):
            may = self.state is State.CLOSED or (
                not self.counting and (self.state is State.HALF_OPEN or self.time.now >= self.reopens)
            )
            try:
                permit = self.breaker.admit()
            except CircuitOpen:
                assert not may
            else:
                assert may
                if self.state is State.OPEN:
                    self.state = State.HALF_OPEN
                self.counting.append(permit)

    @precondition(lambda self: self.counting)
    @rule(which=st.integers(0, 1000), took_s=st.sampled_from([0.1, 2.0, 2.5, None]), times=st.integers(1, 25))
    def end(self, which: int, took_s: float | None, times: int) -> None:
        """End calls that count: in some seconds, or badly."""
        for _ in range(times):
            if not self.counting:
                return
            permit = self.counting.pop(which % len(self.counting))
            is_bad = took_s is None or took_s > 2
            if took_s is None:
                self.breaker.fail(permit)
            else:
                self.breaker.succeed(permit, took_s)
            self._expect(is_bad=is_bad)

    @precondition(lambda self: self.counting)
    @rule(which=st.integers(0, 1000))
    def cancel(self, which: int) -> None:
        """Cancel a call that counts."""
        self.breaker.abandon(self.counting.pop(which % len(self.counting)))

    @precondition(lambda self: self.outdated)
    @rule(which=st.integers(0, 1000), end=st.sampled_from([succeed, crawl, fail, abandon]))
    def end_late(self, which: int, end: End) -> None:
        """End a call of an earlier state, which must change nothing."""
        end(self.breaker, self.outdated.pop(which % len(self.outdated)))

    @invariant()
    def agree(self) -> None:
        """Both are in the same state, and each change was told."""
        assert self.breaker.state is self.state
        assert (self.told or [State.CLOSED])[-1] is self.state

    def _expect(self, *, is_bad: bool) -> None:
        if self.state is State.HALF_OPEN:
            self._expect_of_probe(is_bad=is_bad)
            return
        self.ended.append((self.time.now, is_bad))
        recent = [bad for at, bad in self.ended if at > self.time.now - 30]
        if is_bad and len(recent) >= 20 and sum(recent) * 2 >= len(recent):
            self._expect_open()

    def _expect_of_probe(self, *, is_bad: bool) -> None:
        if is_bad:
            self.pause = min(60.0, self.pause * 2)
            self._expect_open()
            return
        self.successes += 1
        if self.successes == 3:
            self.state, self.successes, self.pause = State.CLOSED, 0, 5.0
            self._outdate()

    def _expect_open(self) -> None:
        self.state, self.successes, self.ended = State.OPEN, 0, []
        self.reopens = self.time.now + self.pause
        self._outdate()

    def _outdate(self) -> None:
        self.outdated += self.counting
        self.counting = []


TestBreakerModel = BreakerModel.TestCase
TestBreakerModel.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
