"""The memory that the bodies of a worker take together: charged as they arrive, returned when they are answered."""

import asyncio

from chassis.core.errors import ServiceUnavailable

MOST_BODY_BYTES = 16 * 1024 * 1024
"""Bodies that a worker holds at a time, together: what is made of them takes ten times as much memory."""


class Overloaded(ServiceUnavailable):
    """As many requests are being served as can be."""

    code = "overloaded"
    message = "Too many requests are being served; try again in a second."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class BodyBudget:
    """What the bodies of a worker hold, and which of them are still arriving."""

    def __init__(self) -> None:
        self.held = 0
        self.arriving: dict[Charge, None] = {}
        """In the order in which they began."""


class Charge:
    """
    What one body holds.

    When the budget is exceeded, the body that has been arriving longest is cut: slow senders cannot keep others out.
    """

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self._limit: asyncio.Timeout | None = None
        self._size = 0
        self.is_cut = False
        """Whether it had to make room."""

    def begin(self, limit: asyncio.Timeout) -> None:
        """Begin to arrive, within *limit*."""
        self._limit = limit
        self._budget.arriving[self] = None

    def end(self) -> None:
        """Have arrived, or not arrive any more."""
        self._budget.arriving.pop(self, None)

    def add(self, size: int) -> None:
        """
        Hold *size* bytes more.

        Raises:
            Overloaded: There is no room for them (503).
        """
        self._size += size
        self._budget.held += size
        while self._budget.held > MOST_BODY_BYTES and not self.is_cut and self._budget.arriving:
            next(iter(self._budget.arriving)).cut()
        if self.is_cut or self._budget.held > MOST_BODY_BYTES:
            raise Overloaded

    def release(self) -> None:
        """Hold nothing any more."""
        self._budget.held -= self._size
        self._size = 0

    def cut(self) -> None:
        """Make room for another one, while still arriving."""
        self.is_cut = True
        self.end()
        self.release()
        assert self._limit
        self._limit.reschedule(0)  # its reader is stopped in the next turn of the loop
