"""A person's progress through a funnel."""

from collections.abc import Sequence
from datetime import datetime, timedelta


class Walk:
    """
    One person's progress through the steps of a funnel; takes the person's events in the order of time.

    Attributes:
        reached: How many steps were done in order, all within *window* after the first of them.
    """

    def __init__(self, steps: Sequence[str], window: timedelta) -> None:
        self._steps = steps
        self._window = window
        self._began: list[datetime | None] = [None] * len(steps)
        """By step: the latest start among the attempts that reached it. That attempt has the most time left."""
        self.reached = 0

    def see(self, kind: str, at: datetime) -> None:
        """Process an event. It counts for one step only, so the last possible step is tried first."""
        for step in range(len(self._steps) - 1, -1, -1):
            if self._steps[step] == kind:
                self._reach(step, at)

    def _reach(self, step: int, at: datetime) -> None:
        began = self._began[step - 1] if step else at
        if began is not None and at - began <= self._window:
            self._began[step] = began
            self.reached = max(self.reached, step + 1)
