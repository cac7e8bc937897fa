import pytest

from chassis.dispatch.breaker import Breaker, CircuitOpen, State
from tests.dispatch.endings import End, abandon, crawl, fail, succeed
from tests.support.scripted_transport import Time


def make(time: Time, chance: float = 0.5) -> Breaker:
    """Make a breaker whose pauses have no jitter."""
    return Breaker(time, lambda: chance)


def run(breaker: Breaker, end: End, times: int) -> None:
    """Make calls in sequence that all end alike."""
    for _ in range(times):
        end(breaker, breaker.admit())


def open_up(time: Time, chance: float = 0.5) -> Breaker:
    """Make a breaker that has just opened."""
    breaker = make(time, chance)
    run(breaker, fail, 20)
    assert breaker.state is State.OPEN
    return breaker


def is_open(breaker: Breaker) -> bool:
    """Return whether a call is refused now; a call that is not is abandoned."""
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
    """A call is slow if it takes longer than 2 s."""
    breaker = make(Time())

    for _ in range(100):
        breaker.succeed(breaker.admit(), 2.0)

    assert breaker.state is State.CLOSED


@pytest.mark.parametrize(("passed_s", "state"), [(29, State.OPEN), (30, State.CLOSED)])
def test_calls_count_for_30_s(passed_s: int, state: State) -> None:
    """Failures older than half a minute no longer count."""
    time = Time()
    breaker = make(time)
    run(breaker, fail, 19)

    time.now += passed_s
    run(breaker, fail, 1)

    assert breaker.state is state


@pytest.mark.parametrize(("chance", "pause_s"), [(0.0, 4.0), (0.5, 5.0), (1.0, 6.0)])
def test_a_pause_is_5_s_give_or_take_a_fifth(chance: float, pause_s: float) -> None:
    """The pause has a jitter, so that callers do not all come back at the same moment."""
    time = Time()
    breaker = open_up(time, chance)

    time.now += pause_s - 0.01
    assert is_open(breaker)
    time.now += 0.02
    assert not is_open(breaker)


@pytest.mark.parametrize("pause_s", [5, 1])
def test_each_pause_is_as_long_as_the_first(pause_s: int) -> None:
    """However often a probe failed: a service that is back is used within seconds. 5 s, or as the caller says."""
    time, pauses = Time(), []
    breaker = Breaker(time, lambda: 0.5, pause_s=pause_s)
    run(breaker, fail, 20)
    for _ in range(6):
        with pytest.raises(CircuitOpen) as refused:
            breaker.admit()
        pauses.append(refused.value.retry_after_s)
        time.now += pauses[-1]
        fail(breaker, breaker.admit())

    assert pauses == [pause_s] * 6


@pytest.mark.parametrize("end", [fail, crawl])
def test_one_bad_probe_opens_it_again(end: End) -> None:
    """A failed or slow probe opens a half-open breaker again, even after two successful ones."""
    time = Time()
    breaker = open_up(time)
    time.now += 5

    run(breaker, succeed, 2)
    end(breaker, breaker.admit())

    assert breaker.state is State.OPEN


def test_three_good_probes_close_it() -> None:
    """After the third successful probe all calls are let through."""
    time = Time()
    breaker = open_up(time)
    time.now += 5
    states = []

    for _ in range(3):
        succeed(breaker, breaker.admit())
        states.append(breaker.state)

    assert states == [State.HALF_OPEN, State.HALF_OPEN, State.CLOSED]
    run(breaker, fail, 19)  # the failures that opened it no longer count
    assert breaker.state is State.CLOSED


def test_only_one_probe_at_a_time_passes() -> None:
    """While a probe is under way every other call is refused."""
    time = Time()
    breaker = open_up(time)
    time.now += 5

    probe = breaker.admit()

    assert all(is_open(breaker) for _ in range(50))
    succeed(breaker, probe)
    assert not is_open(breaker)


def test_an_abandoned_probe_gives_its_place_to_another() -> None:
    """A cancelled probe does not block the breaker."""
    time = Time()
    breaker = open_up(time)
    time.now += 5

    run(breaker, abandon, 10)
    run(breaker, succeed, 3)

    assert breaker.state is State.CLOSED


@pytest.mark.parametrize("end", [succeed, fail, crawl, abandon])
def test_what_was_admitted_before_says_nothing(end: End) -> None:
    """Results of calls admitted before it opened neither close nor reopen it, and take no probe's place."""
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
