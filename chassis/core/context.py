"""What is known of the request being served, for whoever logs, answers an error or calls onward."""

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
    """What is recorded of it, until it is answered."""

    def join(self, traceparent: str) -> None:
        """Make it part of the trace that a peer names; what is not well-formed is ignored."""
        if _TRACEPARENT.fullmatch(traceparent):
            self.traceparent = traceparent

    def join_from_outside(self, traceparent: str, share: float, chance: Callable[[], float] = random) -> None:
        """
        Make it part of the trace that anybody names, whose sampled flag is a wish.

        The trace id decides nothing: its sender has chosen it.

        Args:
            share: How many of such wishes are granted, from 0 to 1.
            chance: A number in [0, 1).
        """
        self.join(traceparent)
        if self.traceparent and chance() >= share:
            self.traceparent = self.traceparent[:-2] + _NOT_SAMPLED


_current: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)


def enter(context: RequestContext) -> None:
    """Make *context* that of the current task and those it starts."""
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
    """Give the request being served, or None outside of one."""
    return _current.get()


def request_id() -> str:
    """Give the id of the request being served, or ``-`` outside of one."""
    context = _current.get()
    return context.request_id if context else "-"
