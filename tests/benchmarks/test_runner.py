"""The rules by which benchmarks measure; no benchmark is run here."""

from collections.abc import Sequence

import pytest

from benchmarks import runner
from benchmarks.load import Taken
from benchmarks.measurement import Measurement, Series
from benchmarks.results import Target, compare
from benchmarks.runner import Rounds, Side, Turn

PER_SECOND = Target("throughput", 0.5)


def taken(calls: int) -> Taken:
    """Return the result of a load of a second with this many calls."""
    return Taken(calls, {}, 1.0, 0.0, 0.1, 0.2)


def measurement(calls: int, others: float = 0.0) -> Measurement:
    """Return a measurement of a second; *others* is the number of cores busy with other work."""
    return Measurement(taken(calls), {}, others)


def make_side(key: str, log: list[str], calls: Sequence[int] = (10,)) -> Side:
    """Make a side without processes that logs its steps; its loads make *calls* calls, in turn."""
    numbers = iter(calls)

    def run(task: str) -> Taken:
        log.append(f"{key} {task}")
        return taken(next(numbers) if task == "measured" and len(calls) > 1 else calls[0])

    return Side(key, key, run, {}, lambda: log.append(f"{key} drained"))


def use_processor(monkeypatch: pytest.MonkeyPatch, *others: float) -> None:
    """Simulate other work on this many cores in each measurement, in turn, and none in those that follow."""
    cores, reads = iter(others), [0.0, 0]

    def busy_s() -> float:
        reads[1] += 1
        if reads[1] % 2 == 0:  # read again at the end of a measurement, which takes a second
            reads[0] += next(cores, 0.0)
        return reads[0]

    monkeypatch.setattr(runner, "busy_s", busy_s)


def measure(rounds: Rounds, sides: Sequence[Side], number: int) -> list[Series[str]]:
    """Measure under one condition."""
    return rounds.measure(sides, ["busy"], number, lambda *_: Turn("warmed up", "measured"))


def test_each_round_begins_with_another_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of sides changes each round, and each side is measured in every round."""
    use_processor(monkeypatch)
    log = list[str]()

    series = measure(Rounds(lambda _: None), [make_side(key, log) for key in "abc"], 4)

    order = [line[0] for line in log if line.endswith("measured")]
    assert order == [*"abc", *"bca", *"cab", *"abc"]
    assert [(one.side, len(one.rounds)) for one in series] == [("a", 4), ("b", 4), ("c", 4)]


def test_what_a_warm_up_causes_is_done_before_anything_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work caused by the measured load is part of the measurement; that of the warm-up is not."""
    use_processor(monkeypatch)
    log = list[str]()

    measure(Rounds(lambda _: None), [make_side("a", log)], 1)

    assert log == ["a warmed up", "a drained", "a measured", "a drained"]


def test_a_disturbed_measurement_is_made_once_more_and_the_quieter_one_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disturbed measurement is repeated as often as the plan allows; a quiet one is not."""
    use_processor(monkeypatch, 0.0, 0.5, 0.3, 0.9)
    rounds = Rounds(lambda _: None, repeats=1)

    (series,) = measure(rounds, [make_side("a", [], calls=(1, 2, 3, 4))], 3)

    assert [one.taken.calls for one in series.rounds] == [1, 3, 4]
    assert [round(one.others, 1) for one in series.rounds] == [0.0, 0.3, 0.9]
    assert rounds.repeats == 0


def test_figures_are_medians_of_the_quiet_rounds() -> None:
    """If no round was quiet, figures are medians of all."""
    quiet, disturbed = [measurement(10), measurement(30)], [measurement(90, others=0.2), measurement(70, others=0.2)]

    assert Series("a", "busy", quiet + disturbed).median(lambda one: one.per_second) == 20
    assert Series("a", "busy", disturbed).median(lambda one: one.per_second) == 80


def test_sides_are_compared_within_rounds_in_which_both_were_quiet() -> None:
    """The ratio is the median of the rounds' ratios."""
    over = [measurement(10), measurement(40), measurement(900)]
    under = [measurement(10), measurement(20), measurement(1, others=0.2)]

    found = compare(PER_SECOND, lambda one: one.per_second, over, under)

    assert (found.ratio, found.lowest, found.highest, found.is_met) == (1.5, 1.0, 2.0, True)
