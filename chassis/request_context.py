"""What is known of the request being served, for whoever logs, answers an error or calls onward."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


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
        """Make it part of the trace that its caller names; what is not well-formed is overlooked."""
        if _TRACEPARENT.fullmatch(traceparent):
            self.traceparent = traceparent


_current: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)


def enter(context: RequestContext) -> None:
    """Make *context* that of the current task and those it starts."""
    _current.set(context)


@contextmanager
def within(context: RequestContext) -> Iterator[None]:
    """Make *context* the current one for the block."""
    before = _current.set(context)
    try:
        yield
    finally:
        _current.reset(before)


def current() -> RequestContext | None:
    """Give the request being served, or None outside of one."""
    return _current.get()


def request_id() -> str:
    """Give the id of the request being served, or ``-`` outside of one."""
    context = _current.get()
    return context.request_id if context else "-"
