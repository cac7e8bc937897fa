"""The request being served: for logs, error answers and calls to other services."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from random import random
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_NOT_SAMPLED = "00"


@dataclass(slots=True)
class RequestContext:
    """One incoming request."""

    request_id: str
    traceparent: str | None = None
    started: float = field(default_factory=monotonic)
    """Seconds on the monotonic clock."""
    span: "Span | None" = None
    """Its span, until it is answered."""

    def join(self, traceparent: str) -> None:
        """Join a peer's trace; a malformed header is ignored."""
        if _TRACEPARENT.fullmatch(traceparent):
            self.traceparent = traceparent

    def join_from_outside(self, traceparent: str, share: float, chance: Callable[[], float] = random) -> None:
        """
        Join an outside caller's trace, whose sampled flag is only a request.

        The trace id does not decide, because its sender has chosen it.

        Args:
            share: The share of granted requests, 0 to 1.
            chance: A random number in [0, 1).
        """
        self.join(traceparent)
        if self.traceparent and chance() >= share:
            self.traceparent = self.traceparent[:-2] + _NOT_SAMPLED


_current: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)


def enter(context: RequestContext) -> None:
    """Make *context* the current one for this task and the tasks it starts."""
    _current.set(context)


@contextmanager
def within(context: RequestContext) -> Iterator[RequestContext]:
    """Make *context* the current one for the block."""
    before = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(before)


def current() -> RequestContext | None:
    """Return the request being served, or None outside of one."""
    return _current.get()


def request_id() -> str:
    """Return the id of the request being served, or ``-`` outside of one."""
    context = _current.get()
    return context.request_id if context else "-"
