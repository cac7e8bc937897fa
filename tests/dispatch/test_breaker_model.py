from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chassis.dispatch.breaker import Breaker, CircuitOpen, State
from tests.dispatch.endings import End, abandon, crawl, fail, succeed
from tests.support.often import times
from tests.support.scripted_transport import Time


class BreakerModel(RuleBasedStateMachine):
    """
    The breaker beside a model of it that stores every call in a list.

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
        self.successes = 0
        self.counting: list[int] = []
        self.outdated: list[int] = []

    @rule(seconds=st.sampled_from([1, 2, 5, 10, 29, 30, 60]))
    def let_time_pass(self, seconds: int) -> None:
        """Move the clock."""
        self.time.now += seconds

    @rule(times=st.integers(1, 25))
    def admit(self, times: int) -> None:
        """Admit calls."""
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
        """End calls that count: after some seconds, successfully or with a failure."""
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
        """End a call admitted in an earlier state, which must change nothing."""
        end(self.breaker, self.outdated.pop(which % len(self.outdated)))

    @invariant()
    def agree(self) -> None:
        """Both are in the same state, and each change was reported."""
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
            self._expect_open()
            return
        self.successes += 1
        if self.successes == 3:
            self.state, self.successes = State.CLOSED, 0
            self._outdate()

    def _expect_open(self) -> None:
        self.state, self.successes, self.ended = State.OPEN, 0, []
        self.reopens = self.time.now + 5.0
        self._outdate()

    def _outdate(self) -> None:
        self.outdated += self.counting
        self.counting = []


TestBreakerModel = BreakerModel.TestCase
TestBreakerModel.settings = settings(max_examples=times(30), stateful_step_count=40, deadline=None)
