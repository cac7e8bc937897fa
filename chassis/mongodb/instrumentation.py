"""
Pool gauges, and a span for each command.

OpenTelemetry's instrumentation would put error messages into spans.
"""

from opentelemetry.trace import Span
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
    ConnectionPoolListener,
)

from chassis.telemetry import tracing
from chassis.telemetry.metrics import POOL_IN_USE, POOL_WAITING

_NAME = "mongodb"


class PoolMeter(ConnectionPoolListener):
    """Updates the gauges; the driver calls it from any thread, and has a pool for each server."""

    def connection_check_out_started(self, event: object) -> None:  # noqa: ARG002 - the driver's signature
        """Count a caller that waits for a connection."""
        POOL_WAITING.labels(_NAME).inc()

    def connection_check_out_failed(self, event: object) -> None:  # noqa: ARG002
        """Stop counting a caller that got no connection."""
        POOL_WAITING.labels(_NAME).dec()

    def connection_checked_out(self, event: object) -> None:  # noqa: ARG002
        """Count a connection that is in use."""
        POOL_WAITING.labels(_NAME).dec()
        POOL_IN_USE.labels(_NAME).inc()

    def connection_checked_in(self, event: object) -> None:  # noqa: ARG002
        """Stop counting a connection that was returned."""
        POOL_IN_USE.labels(_NAME).dec()

    def pool_created(self, event: object) -> None:
        """Do nothing, as below: only connections in use and waiting callers are measured."""

    def pool_ready(self, event: object) -> None:
        """Do nothing."""

    def pool_cleared(self, event: object) -> None:
        """Do nothing."""

    def pool_closed(self, event: object) -> None:
        """Do nothing."""

    def connection_created(self, event: object) -> None:
        """Do nothing."""

    def connection_ready(self, event: object) -> None:
        """Do nothing."""

    def connection_closed(self, event: object) -> None:
        """Do nothing."""


class CommandSpans(CommandListener):
    """Records the commands that are part of a recorded request; its methods are called from many threads."""

    def __init__(self) -> None:
        self._spans: dict[int, Span] = {}

    def started(self, event: CommandStartedEvent) -> None:
        """Begin a span, named after the command and its collection."""
        target = event.command.get(event.command_name)
        name = f"{event.command_name} {target}" if isinstance(target, str) else event.command_name
        if span := tracing.begin_statement(name, "mongodb"):
            self._spans[event.request_id] = span

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """End the span."""
        tracing.end_statement(self._spans.pop(event.request_id, None))

    def failed(self, event: CommandFailedEvent) -> None:
        """End the span, with the type of the error."""
        tracing.end_statement(self._spans.pop(event.request_id, None), str(event.failure.get("codeName", "Unknown")))
