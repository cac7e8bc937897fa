"""
Logs: structlog on the standard library, so that libraries and our own code have one form.

A separate thread writes the lines, so neither the terminal nor a file blocks the event loop.
"""

import asyncio
import atexit
import logging
import os
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from logging.handlers import QueueHandler, QueueListener
from pathlib import Path
from queue import SimpleQueue
from textwrap import indent
from time import monotonic
from typing import Any

import structlog
from concurrent_log_handler import ConcurrentRotatingFileHandler
from prometheus_client import Counter
from structlog.typing import EventDict, Processor, WrappedLogger

from chassis.core import context as request_context
from chassis.core.tracebacks import describe
from chassis.settings import Environment, ServiceSettings
from chassis.telemetry import sentry as error_reports

MAX_TEXT = 2000
"""Characters of a logged text, and of a line of a traceback."""
MAX_TRACEBACK = 64 * 1024
MOST_LINES = 200
"""Lines of the beginning of a traceback, and of its end."""
MOST_PARTS = 50
"""Items of a logged list or mapping."""
MOST_WAITING = 10_000
"""Lines; when standard output blocks, further ones are dropped and counted."""
MAX_FILE_BYTES = 10 * 1024 * 1024
KEPT_FILES = 5

_SECRET_NAME = re.compile(
    r"pass(word|wd)?$|secret|token|authorization|cookie|api_?key|private_key|encrypted_data", re.IGNORECASE
)
_SECRET_TEXT = re.compile(
    r"eyJ[\w-]{8,}+(?:\.[\w-]++){0,2}+"  # a JWT, or the beginning of one: so each character is read once
    r"|gAAAA[\w-]{20,}=*"  # a Fernet token
    r"|\$argon2\w+\$[^\s'\"]+"
    r"|(?<=://)[^\s:/@]*:[^\s/@]+(?=@)"  # name and password in an address
    r"|(?<=[Bb]earer )[\w.~+/-]+=*"
    r"|(?<=Basic )[\w+/-]+=*"
    r"|(?<=password=)[^\s&,;'\"]+"
    r"|(?<=token=)[^\s&,;'\"]+"
)
_SECRET_MARKS = ("eyJ", "gAAAA", "$argon2", "://", "earer ", "Basic ", "password=", "token=")
"""Every secret text contains one of these or follows it: most lines contain none, and need no regular expression."""
_HIDDEN = "[hidden]"
_TRACEBACKS = frozenset({"exception", "stack"})
# Characters that a terminal interprets: control characters, and Unicode's line breaks and changes of direction.
_CONTROLS = {
    code: repr(chr(code))[1:-1]
    for code in (
        *(*range(0x20), *range(0x7F, 0xA0)),
        *(0x61C, 0x200E, 0x200F, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),
    )
}
_EXCEPTIONS = structlog.processors.ExceptionRenderer(lambda given: describe(given[1], given[2]))
_DROPPED = Counter("log_lines_dropped", "Log lines that were dropped because standard output blocks.", ["service"])
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


def configure_logging(settings: ServiceSettings) -> None:
    """
    Send every log line of this process to standard output, coloured in development and as JSON elsewhere.

    With a log_dir, JSON goes to ``<name>-service.log`` there too, and errors to ``<name>-service_errors.log``.
    Called again, it replaces the previous configuration.
    """
    is_local = settings.environment is Environment.LOCAL
    console = logging.StreamHandler(sys.stdout)
    console.setFormatter(_formatter(_indent_traceback, _console_renderer()) if is_local else _formatter(_JSON))
    handlers: list[logging.Handler] = [console]
    if settings.log_dir:
        stem = settings.log_dir / f"{settings.service_name}-service"
        handlers += [_file(f"{stem}.log", logging.NOTSET), _file(f"{stem}_errors.log", logging.ERROR)]
    _start_writing(handlers, settings)
    _quiet_libraries(settings.log_level)
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            _report_error,
            _EXCEPTIONS,  # here: the writing thread has no exception context
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.log_level)),
        cache_logger_on_first_use=True,
    )


def _report_error(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Report a line with a traceback: the exception was unhandled."""
    if method in _ERRORS and (given := event.get("exc_info")):
        error = given if isinstance(given, BaseException) else sys.exc_info()[1]
        if error:
            error_reports.report(error, str(event["event"]))
    return event


class _ContextQueueHandler(QueueHandler):
    """Adds the request to each line, in the task that logs it; a thread does the rest."""

    def __init__(self, queue: "SimpleQueue[logging.LogRecord]", service: str) -> None:
        super().__init__(queue)
        self._lines = queue
        self._service = service

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue the line for the writer, or drop it: memory must not grow with unwritten lines."""
        if self._lines.qsize() < MOST_WAITING:
            self._lines.put_nowait(record)
        else:
            _DROPPED.labels(self._service).inc()

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        context = request_context.current()
        known: dict[str, Any] = {"service": self._service}
        if context:
            elapsed_ms = round((monotonic() - context.started) * 1000, 1)
            known |= {"request_id": context.request_id, "duration_ms": elapsed_ms}
            if context.traceparent:
                _, known["trace_id"], known["span_id"], _ = context.traceparent.split("-")
        record.__dict__["context"] = known
        if isinstance(record.msg, str):
            record.msg, record.args = record.getMessage(), None
        return record


_listener: QueueListener | None = None
_JSON = structlog.processors.JSONRenderer()


def _start_writing(handlers: list[logging.Handler], settings: ServiceSettings) -> None:
    global _listener  # noqa: PLW0603 - logging is one per process, and so is its writer
    stop_logging()
    queue: SimpleQueue[logging.LogRecord] = SimpleQueue()
    _listener = QueueListener(queue, *handlers, respect_handler_level=True)
    _listener.start()
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one, _ContextQueueHandler)]:
        root.removeHandler(old)
    root.addHandler(_ContextQueueHandler(queue, settings.service_name))
    root.setLevel(settings.log_level)


@atexit.register
def stop_logging() -> None:
    """Write the remaining lines, and close the files."""
    global _listener  # noqa: PLW0603
    if _listener:
        _listener.stop()
        for handler in _listener.handlers:
            handler.close()
        _listener = None


def _is_not_cancelled(record: logging.LogRecord) -> bool:
    """Whether a line of the server is more than the traceback of work that it cancelled itself when it stopped."""
    is_traceback = isinstance(record.msg, str) and record.msg.rstrip().endswith("asyncio.exceptions.CancelledError")
    return not (is_traceback or (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)))


def _quiet_libraries(level: str) -> None:
    logging.getLogger("uvicorn.error").addFilter(_is_not_cancelled)
    for name, library_level in _NOISY.items():
        logging.getLogger(name).setLevel(library_level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "gunicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO if level == "DEBUG" else logging.WARNING)


def _file(path: str, level: int) -> logging.Handler:
    Path(path).touch()  # so that the errors can be followed before there is one
    handler = ConcurrentRotatingFileHandler(path, maxBytes=MAX_FILE_BYTES, backupCount=KEPT_FILES, encoding="utf-8")
    handler.setLevel(level)
    handler.setFormatter(_formatter(_JSON))
    return handler


def _formatter(*renderers: Processor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level],
        processors=[
            _add_context,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _EXCEPTIONS,
            _make_safe,
            *renderers,
        ],
    )


def _console_renderer() -> Processor:
    has_colours = bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    # The default prints the local variables of every frame, including secrets.
    return structlog.dev.ConsoleRenderer(colors=has_colours, exception_formatter=structlog.dev.plain_traceback)


def _add_context(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event["_record"]
    event["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    event["logger"] = record.name
    event.update(getattr(record, "context", {}))
    return event


def _make_safe(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask secrets, shorten long values, and escape characters that a terminal interprets."""
    return {
        name: _safe_traceback(value) if name in _TRACEBACKS and isinstance(value, str) else _safe_field(name, value)
        for name, value in event.items()
    }


def _indent_traceback(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Indent a traceback: an error's text may contain lines that look like ours."""
    event.update({name: indent(str(event[name]), "  ") for name in _TRACEBACKS & event.keys()})
    return event


def _safe_field(name: str, value: Any, depth: int = 5) -> Any:  # noqa: ANN401 - whatever is logged
    return _HIDDEN if _is_secret(name) else _safe(value, depth)


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return bool(_SECRET_NAME.search(name))


def _safe(value: Any, depth: int) -> Any:  # noqa: ANN401
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth and isinstance(value, Mapping):
        parts = islice(value.items(), MOST_PARTS)
        return {_safe_text(str(name)): _safe_field(str(name), part, depth - 1) for name, part in parts}
    if depth and isinstance(value, list | tuple):
        return [_safe(part, depth - 1) for part in islice(value, MOST_PARTS)]
    return _safe_text(value if isinstance(value, str) else repr(value))


def _safe_text(text: str) -> str:
    # Masked before it is cut: a secret that is cut in two would not be recognised.
    safe = text[: 2 * MAX_TEXT]
    if any(mark in safe for mark in _SECRET_MARKS):
        safe = _SECRET_TEXT.sub(_HIDDEN, safe)
    if not safe.isprintable():
        safe = safe.translate(_CONTROLS)
    return safe if len(text) <= MAX_TEXT else f"{safe[:MAX_TEXT]}… ({len(text)} characters)"


def _safe_traceback(text: str) -> str:
    lines = text.splitlines()
    if len(lines) > 2 * MOST_LINES:
        lines = [*lines[:MOST_LINES], "…", *lines[-MOST_LINES:]]
    return "\n".join(map(_safe_text, lines))[-MAX_TRACEBACK:]
