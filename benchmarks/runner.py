"""Measures: sides take turns, round after round, after a warm-up, and repeat disturbed measurements."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.load import Load, Taken, Task
from benchmarks.measurement import NOISY, C, Measurement, Series
from benchmarks.processes import busy_s, tree_cpu_s

OnTurn = Callable[[str], None]
"""Called with a description of the next step."""


class DoesNotWork(Exception):
    """A side fails from the start; carries the error."""


@dataclass(frozen=True, slots=True)
class Side:
    """
    One of the compared sides, ready to be measured.

    Attributes:
        run: Runs a task in its load generator, and returns the measurements.
        roots: The roots of its servers' process trees, by part.
        drain: Waits until all work caused by a load is done: it is part of the work, and the next side must not have
            to do it.
        counts: Reads the counters of its databases.
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
        """Run *task* and measure it."""
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
    """A side's turn: *before* warms it up or prepares it, and is not measured."""

    before: Any
    measured: Any


@dataclass(slots=True)
class Rounds:
    """
    Runs the turns of the sides.

    Attributes:
        on_turn: Called before each turn.
        repeats: The number of measurements that may still be repeated because of other work on the machine.
    """

    on_turn: OnTurn
    repeats: int = 0

    def measure(
        self, sides: Sequence[Side], conditions: Sequence[C], rounds: int, turn: Callable[[Side, C, int], Turn]
    ) -> list[Series[C]]:
        """
        Measure every side under every condition, once in each round, so that a drift of the machine affects all alike.

        Args:
            turn: Returns a side's turn under a condition in a round.
        """
        measured = {(side.key, condition): list[Measurement]() for condition in conditions for side in sides}
        for number in range(rounds):
            for condition in conditions:
                for side in _rotated(sides, number):
                    self.on_turn(f"round {number + 1}/{rounds}: {side.name}, {condition}")
                    measured[side.key, condition].append(self._measure_quietly(side, turn(side, condition, number)))
        return [Series(key, condition, found) for (key, condition), found in measured.items() if found]

    def _measure_quietly(self, side: Side, turn: Turn) -> Measurement:
        """Measure, and repeat it once if the machine had other work; the quieter measurement counts."""
        side.run(turn.before)
        side.drain()
        first = side.measure(turn.measured)
        if first.others < NOISY or not self.repeats:
            return first
        self.repeats -= 1
        return min(first, side.measure(turn.measured), key=lambda one: one.others)


def _rotated(sides: Sequence[Side], number: int) -> Sequence[Side]:
    """Begin each round with another side, so that no side always follows the same neighbour."""
    first = number % len(sides) if sides else 0
    return [*sides[first:], *sides[:first]]
