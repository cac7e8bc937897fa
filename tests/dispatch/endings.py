"""How a call may end, from its breaker's point of view."""

from collections.abc import Callable

from chassis.dispatch.breaker import Breaker

End = Callable[[Breaker, int], None]


def succeed(breaker: Breaker, permit: int) -> None:
    """End a call successfully."""
    breaker.succeed(permit, 0.1)


def crawl(breaker: Breaker, permit: int) -> None:
    """End a call successfully, but late."""
    breaker.succeed(permit, 2.1)


def fail(breaker: Breaker, permit: int) -> None:
    """End a call with a failure."""
    breaker.fail(permit)


def abandon(breaker: Breaker, permit: int) -> None:
    """Cancel a call."""
    breaker.abandon(permit)
