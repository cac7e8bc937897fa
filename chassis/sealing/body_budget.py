"""The memory for all bodies of a worker: charged as they arrive, returned when they are answered."""

import asyncio

from chassis.core.errors import ServiceUnavailable

MOST_BODY_BYTES = 16 * 1024 * 1024
"""Bytes of bodies that a worker holds at a time; parsed, they take ten times as much memory."""


class Overloaded(ServiceUnavailable):
    """The worker cannot serve more requests at the same time (503)."""

    code = "overloaded"
    message = "Too many requests are being served; try again in a second."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class BodyBudget:
    """The bytes that the bodies of a worker hold, and the bodies that are still arriving."""

    def __init__(self) -> None:
        self.held = 0
        self.arriving: dict[Charge, None] = {}
        """In the order in which they began."""


class Charge:
    """
    The bytes that one body holds.

    When the budget is exceeded, the body that has been arriving longest is dropped, so slow senders do not keep out
    others.
    """

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self._limit: asyncio.Timeout | None = None
        self._size = 0
        self.is_cut = False
        """Whether it was dropped."""

    def begin(self, limit: asyncio.Timeout) -> None:
        """Begin to arrive, within *limit*."""
        self._limit = limit
        self._budget.arriving[self] = None

    def end(self) -> None:
        """Stop counting as arriving."""
        self._budget.arriving.pop(self, None)

    def add(self, size: int) -> None:
        """
        Charge *size* more bytes.

        Raises:
            Overloaded: There is no memory for them (503).
        """
        self._size += size
        self._budget.held += size
        while self._budget.held > MOST_BODY_BYTES and not self.is_cut and self._budget.arriving:
            next(iter(self._budget.arriving)).cut()
        if self.is_cut or self._budget.held > MOST_BODY_BYTES:
            raise Overloaded

    def release(self) -> None:
        """Return all bytes."""
        self._budget.held -= self._size
        self._size = 0

    def cut(self) -> None:
        """Drop the body, which is still arriving, to make room for another one."""
        self.is_cut = True
        self.end()
        self.release()
        assert self._limit
        self._limit.reschedule(0)  # stops its reader in the next iteration of the loop
