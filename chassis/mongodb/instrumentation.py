"""A span for each command to MongoDB. OpenTelemetry's instrumentation would put the text of errors into it."""

from opentelemetry.trace import Span
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chassis.telemetry import tracing


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
        """End it."""
        tracing.end_statement(self._spans.pop(event.request_id, None))

    def failed(self, event: CommandFailedEvent) -> None:
        """End it, with the kind of its error."""
        tracing.end_statement(self._spans.pop(event.request_id, None), str(event.failure.get("codeName", "Unknown")))
