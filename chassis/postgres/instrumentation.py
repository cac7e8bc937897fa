"""
A span for each statement.

OpenTelemetry's own instrumentation refuses SQLAlchemy 2.1, or puts error messages into spans, which quote rows
(docs/decisions/0015).
"""

from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

from chassis.telemetry import tracing


def trace_statements(engine: Engine) -> None:
    """Record every statement of *engine* that is part of a recorded request."""
    event.listen(engine, "before_cursor_execute", _begin)
    event.listen(engine, "after_cursor_execute", _end)
    event.listen(engine, "handle_error", _fail)


def _begin(_connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool) -> None:  # noqa: ANN401, FBT001 - as SQLAlchemy calls it
    context.span = tracing.begin_statement(statement.split(maxsplit=1)[0], "postgresql", statement)


def _end(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:  # noqa: ANN401, FBT001
    tracing.end_statement(context.span)


def _fail(context: ExceptionContext) -> None:
    span = getattr(context.execution_context, "span", None)
    error = context.original_exception
    tracing.end_statement(span, getattr(error, "sqlstate", None) or type(error).__name__)
