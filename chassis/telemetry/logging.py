"""
Logs: our own lines by structlog, those of libraries by the standard library's logging, written in one form.

A line is completed where it is logged, within its request. A thread makes it safe and writes it (log_writer.py).
"""

import asyncio
import atexit
import logging
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from textwrap import indent
from time import monotonic, time

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from chassis.core import context as request_context
from chassis.core.tracebacks import describe
from chassis.settings import Environment, ServiceSettings
from chassis.telemetry import sentry as error_reports
from chassis.telemetry.log_writer import LogFile, LogWriter, Output, Stream
from chassis.telemetry.masking import TRACEBACKS, Fields, json_line, make_safe
from chassis.telemetry.outdated_schema import explain_undefined

_ERRORS = frozenset({"error", "exception", "critical"})
_NOISY = {
    "uvicorn.access": logging.CRITICAL,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "pymongo": logging.WARNING,
    "urllib3": logging.WARNING,
    "chassis.postgres.instrumentation": logging.WARNING,  # SQLAlchemy's pool: a line for every lost connection
}
"""Loggers whose lines repeat our own, and the lowest level that is kept."""


_writer: LogWriter | None = None
_developed: str | None = None
"""The service of this process, if it is in development."""


def configure_logging(settings: ServiceSettings) -> None:
    """
    Send every log line of this process to standard output, coloured in development and as JSON elsewhere.

    With a log_dir, JSON goes to ``<name>-service.log`` there too, and errors to ``<name>-service_errors.log``.
    Called again, it replaces the previous configuration.
    """
    global _writer, _developed  # noqa: PLW0603 - logging is one per process, and so is its writer
    stop_logging()
    _developed = settings.service_name if _is_local(settings) else None
    outputs: list[Output] = [Stream(sys.stdout, _text_renderer() if _is_local(settings) else json_line)]
    if settings.log_dir:
        stem = settings.log_dir / f"{settings.service_name}-service"
        outputs += [LogFile(f"{stem}.log"), LogFile(f"{stem}_errors.log", only_errors=True)]
    _writer = LogWriter(outputs, settings.service_name)
    _configure_libraries(settings.log_level)
    structlog.configure(
        processors=_PROCESSORS,
        logger_factory=_Logger,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.log_level)),
        cache_logger_on_first_use=True,
    )


@atexit.register
def stop_logging() -> None:
    """Write the remaining lines, and close the files."""
    global _writer  # noqa: PLW0603
    if _writer:
        _writer.stop()
        _writer = None


def _write(fields: Fields) -> None:
    writer = _writer
    if writer:
        writer.put(fields)


def _origin(logger: str) -> Fields:
    """Return when and where a line is logged, and in which request."""
    fields: Fields = {
        "timestamp": datetime.fromtimestamp(time(), UTC).isoformat(timespec="milliseconds"),
        "logger": logger,
    }
    if context := request_context.current():
        fields["request_id"] = context.request_id
        fields["duration_ms"] = round((monotonic() - context.started) * 1000, 1)
        if context.traceparent:
            _, fields["trace_id"], fields["span_id"], _ = context.traceparent.split("-")
    return fields


class _Logger:
    """What structlog's loggers pass their completed lines to."""

    def __init__(self, name: str) -> None:
        self.name = name

    def write(self, fields: Fields) -> None:
        """Leave a line to the writer of the process."""
        _write(fields)

    debug = info = warning = error = critical = write


def _report_error(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Report a line with a traceback: the exception was unhandled. In development some are explained in a line."""
    if method in _ERRORS and (given := event.get("exc_info")):
        error = given if isinstance(given, BaseException) else sys.exc_info()[1]
        if error:
            error_reports.report(error, str(event["event"]))
            if _developed:
                explain_undefined(_developed, event, error)
    return event


def _complete(logger: _Logger, method: str, event: EventDict) -> tuple[tuple[Fields], dict[str, object]]:
    """Add level and origin; returns the arguments of the logger's method."""
    event["level"] = method
    event.update(_origin(logger.name))
    return (event,), {}


# One list for good: structlog's capture_logs replaces its contents, and loggers keep it from their first line on.
_PROCESSORS: list[Processor] = [
    _report_error,
    structlog.processors.StackInfoRenderer(),
    structlog.processors.ExceptionRenderer(lambda given: describe(given[1], given[2])),
    _complete,
]


class _LibraryLines(logging.Handler):
    """Completes the lines of libraries."""

    def emit(self, record: logging.LogRecord) -> None:
        """Leave a line to the writer of the process."""
        try:
            _write(_completed(record))
        except Exception:  # noqa: BLE001 - a wrong argument of a line must not fail what logs it
            self.handleError(record)


def _completed(record: logging.LogRecord) -> Fields:
    fields: Fields = {"event": record.getMessage(), "level": record.levelname.lower(), **_origin(record.name)}
    if record.exc_info and record.exc_info[1]:
        fields["exception"] = describe(record.exc_info[1], record.exc_info[2])
    if record.stack_info:
        fields["stack"] = record.stack_info
    return fields


def _is_not_cancelled(record: logging.LogRecord) -> bool:
    """Whether a line of the server is more than the traceback of work that it cancelled itself when it stopped."""
    is_traceback = isinstance(record.msg, str) and record.msg.rstrip().endswith("asyncio.exceptions.CancelledError")
    return not (is_traceback or (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)))


def _configure_libraries(level: str) -> None:
    root = logging.getLogger()
    if not any(isinstance(handler, _LibraryLines) for handler in root.handlers):
        root.addHandler(_LibraryLines())
    root.setLevel(level)
    _quiet_libraries(level)


def _quiet_libraries(level: str) -> None:
    logging.getLogger("uvicorn.error").addFilter(_is_not_cancelled)
    for name, library_level in _NOISY.items():
        logging.getLogger(name).setLevel(library_level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "gunicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO if level == "DEBUG" else logging.WARNING)


def _is_local(settings: ServiceSettings) -> bool:
    return settings.environment is Environment.LOCAL


def _text_renderer() -> Callable[[Fields], str]:
    """Return what renders lines for people; a traceback is indented: its text may contain lines that look like ours."""
    has_colours = bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    # The default prints the local variables of every frame, including secrets.
    console = structlog.dev.ConsoleRenderer(colors=has_colours, exception_formatter=structlog.dev.plain_traceback)

    def render(fields: Fields) -> str:
        safe = make_safe(fields)
        safe.update({name: indent(str(safe[name]), "  ") for name in TRACEBACKS & safe.keys()})
        return console(None, "", safe)

    return render
