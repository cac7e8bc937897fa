"""
Pool gauges, and a span for each statement.

OpenTelemetry's own instrumentation refuses SQLAlchemy 2.1, or puts error messages into spans, which quote rows
(docs/decisions/0015).
"""

from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

from chassis.telemetry import tracing
from chassis.telemetry.metrics import POOL_IN_USE, POOL_WAITING

_NAME = "postgres"


class MeteredPool(AsyncAdaptedQueuePool):
    """
    SQLAlchemy's pool, with gauges.

    SQLAlchemy's events report connections that were checked out, but not callers that wait; these methods see both.
    """

    def _do_get(self) -> ConnectionPoolEntry:
        connection = super()._do_get() if self.checkedout() < self.size() else self._wait()
        POOL_IN_USE.labels(_NAME).inc()
        return connection

    def _wait(self) -> ConnectionPoolEntry:
        with POOL_WAITING.labels(_NAME).track_inprogress():
            return super()._do_get()

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        POOL_IN_USE.labels(_NAME).dec()
        super()._do_return_conn(record)


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
