"""Measures: sides take turns, round after round, warmed up, and once more if something else was busy meanwhile."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.load import Load, Taken, Task
from benchmarks.measurement import NOISY, C, Measurement, Series
from benchmarks.processes import busy_s, tree_cpu_s

OnTurn = Callable[[str], None]
"""Called with what is done next."""


class DoesNotWork(Exception):
    """A side fails from the start; carries what went wrong."""


@dataclass(frozen=True, slots=True)
class Side:
    """
    One of the sides that are compared, ready to be measured.

    Attributes:
        run: Has its load generator do a task, and returns what it took.
        roots: The roots of its servers' process trees, by part.
        drain: Waits until all that a load has caused is done: it is part of the work, and the next side must not have
            to do it.
        counts: Reads what its databases have counted so far.
    """

    key: str
    name: str
    run: Callable[[Any], Any]
    roots: Mapping[str, Sequence[int]]
    drain: Callable[[], None] = lambda: None
    counts: Callable[[], Mapping[str, int]] = dict

    def cpu_s(self) -> dict[str, float]:
        """Return the seconds of CPU that each part has used so far, all its processes together."""
        return {part: sum(map(tree_cpu_s, roots)) for part, roots in self.roots.items()}

    def measure(self, task: Any) -> Measurement:  # noqa: ANN401 - what its load generator takes
        """Do *task* and measure what it takes."""
        counts, cpu, busy = self.counts(), self.cpu_s(), busy_s()
        taken = self.run(task)
        assert isinstance(taken, Taken)
        begun = time.perf_counter()
        self.drain()
        drain_s, busy = time.perf_counter() - begun, busy_s() - busy
        used = {part: now - cpu[part] for part, now in self.cpu_s().items()}
        others = (busy - sum(used.values()) - taken.cpu_s) / (taken.seconds + drain_s)
        counted = {name: now - counts[name] for name, now in self.counts().items()}
        return Measurement(taken, used, max(0.0, others), drain_s, counted)

    def try_once(self, wanted: Sequence[str]) -> None:
        """
        Make one call.

        Raises:
            DoesNotWork: It fails.
        """
        taken = self.run(Task(Load(1, 1, 0.0, 10.0), wanted))
        if taken.errors:
            raise DoesNotWork(f"{self.name}: {next(iter(taken.errors))}")


@dataclass(frozen=True, slots=True)
class Turn:
    """What a side does when it is its turn: *before* warms it up or prepares it, and is not measured."""

    before: Any
    measured: Any


@dataclass(slots=True)
class Rounds:
    """
    Lets sides take turns.

    Attributes:
        on_turn: Called before each turn.
        repeats: How many measurements may still be made once more because something else was busy meanwhile.
    """

    on_turn: OnTurn
    repeats: int = 0

    def measure(
        self, sides: Sequence[Side], conditions: Sequence[C], rounds: int, turn: Callable[[Side, C, int], Turn]
    ) -> list[Series[C]]:
        """
        Measure every side under every condition, once in each round, so that a drift of the machine hits all alike.

        Args:
            turn: Returns what a side does under a condition in a round.
        """
        measured = {(side.key, condition): list[Measurement]() for condition in conditions for side in sides}
        for number in range(rounds):
            for condition in conditions:
                for side in _rotated(sides, number):
                    self.on_turn(f"round {number + 1}/{rounds}: {side.name}, {condition}")
                    measured[side.key, condition].append(self._measure_quietly(side, turn(side, condition, number)))
        return [Series(key, condition, found) for (key, condition), found in measured.items() if found]

    def _measure_quietly(self, side: Side, turn: Turn) -> Measurement:
        """Measure, and once more if something else was busy meanwhile; the quieter of the two holds."""
        side.run(turn.before)
        side.drain()
        first = side.measure(turn.measured)
        if first.others < NOISY or not self.repeats:
            return first
        self.repeats -= 1
        return min(first, side.measure(turn.measured), key=lambda one: one.others)


def _rotated(sides: Sequence[Side], number: int) -> Sequence[Side]:
    """Begin each round with another side, so that nobody always follows the same neighbour."""
    first = number % len(sides) if sides else 0
    return [*sides[first:], *sides[:first]]
