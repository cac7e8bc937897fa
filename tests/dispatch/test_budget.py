import httpx
import pytest

from chassis.core.errors import AppError, ServiceUnavailable
from chassis.dispatch.retry import RetryBudget
from tests.support.scripted_transport import OK, PATH, Step, Time, answers, dispatcher_to, fails

CALLS = 1000
FAILURES: dict[str, Step] = {"always busy": answers(429), "not there": fails(httpx.ConnectError("no"))}


def drain(budget: RetryBudget) -> int:
    """Take retries until there is no token; returns how many."""
    bought = 0
    while budget.withdraw():
        bought += 1
    return bought


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_dead_backend_is_not_buried(failure: str) -> None:
    """With a backend that fails a thousand calls, retries add at most a tenth, and the first ten."""
    dispatcher, peer = dispatcher_to(FAILURES[failure])

    for _ in range(CALLS):
        with pytest.raises(ServiceUnavailable):
            await dispatcher.send("product", "GET", PATH)

    waited = sum(peer.time.sleeps)
    assert len(peer.seen) <= CALLS * 1.1 + 10 + waited
    # A backend that is down would open the breaker.
    assert failure == "not there" or len(peer.seen) >= CALLS * 1.1


async def test_calls_fail_at_once_without_budget() -> None:
    """Without budget a call is tried once, and there is no wait."""
    dispatcher, peer = dispatcher_to(answers(429))
    for _ in range(20):
        with pytest.raises(AppError):
            await dispatcher.send("product", "GET", PATH)
    seen, slept = len(peer.seen), len(peer.time.sleeps)

    with pytest.raises(AppError, match="attempts: 1"):
        await dispatcher.send("product", "GET", PATH)

    assert (len(peer.seen), len(peer.time.sleeps)) == (seen + 1, slept)


async def test_each_target_has_its_own_budget() -> None:
    """The budget of one peer does not limit calls to another."""
    spent, _ = dispatcher_to(answers(429))
    for _ in range(20):
        with pytest.raises(AppError):
            await spent.send("product", "GET", PATH)
    other, peer = dispatcher_to(answers(429), OK)

    await other.send("product", "GET", PATH)

    assert len(peer.seen) == 2


def test_ten_retries_are_free() -> None:
    """A budget begins with ten tokens."""
    assert drain(RetryBudget(Time())) == 10


@pytest.mark.parametrize(("calls", "retries"), [(0, 10), (9, 10), (11, 11), (101, 20), (401, 50), (10_000, 50)])
def test_ten_calls_buy_a_retry(calls: int, retries: int) -> None:
    """Each first attempt adds a tenth of a token, up to fifty."""
    budget = RetryBudget(Time())

    for _ in range(calls):
        budget.deposit()

    assert drain(budget) == retries


@pytest.mark.parametrize(("passed_s", "retries"), [(0.0, 0), (0.9, 0), (1.0, 1), (3600.0, 1)])
def test_an_empty_budget_gains_one_a_second(passed_s: float, retries: int) -> None:
    """An empty budget gains one token a second, and time saves up no more than that."""
    time = Time()
    budget = RetryBudget(time)
    drain(budget)

    time.now += passed_s

    assert drain(budget) == retries


def test_an_empty_budget_gains_steadily() -> None:
    """Asking more often than once a second does not delay the token."""
    time = Time()
    budget = RetryBudget(time)
    drain(budget)
    bought = 0

    for _ in range(100):
        time.now += 0.1
        bought += drain(budget)

    assert 9 <= bought <= 10
