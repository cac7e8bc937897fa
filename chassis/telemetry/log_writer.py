"""
The thread that writes log lines, so that neither the terminal nor a file blocks the event loop.

It wakes up once for all lines of 20 ms: if it woke up for each, it would take the interpreter from the event loop as
often. A process that ends writes its last lines; one that is killed loses those of this time.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from logging.handlers import BaseRotatingHandler
from pathlib import Path
from queue import SimpleQueue
from select import PIPE_BUF
from threading import Event, Thread
from typing import Protocol, TextIO

from concurrent_log_handler import ConcurrentRotatingFileHandler
from prometheus_client import Counter

from chassis.telemetry.masking import Fields, json_line

MOST_WAITING = 10_000
"""Lines; when standard output blocks, further ones are dropped and counted."""
MAX_FILE_BYTES = 10 * 1024 * 1024
KEPT_FILES = 5
_GATHER_S = 0.02
_ERRORS = frozenset({"error", "critical"})
_DROPPED = Counter(
    "log_lines_dropped", "Log lines that were dropped because standard output blocks or is closed.", ["service"]
)


class Output(Protocol):
    """A place for log lines."""

    def write(self, lines: Sequence[Fields]) -> int:
        """Write lines; returns how many were not written."""

    def close(self) -> None:
        """Write nothing more."""


class Stream:
    """
    Standard output.

    Args:
        render: Returns a line as text, made safe.
    """

    def __init__(self, stream: TextIO, render: Callable[[Fields], str]) -> None:
        self._stream = stream
        self._render = render

    def write(self, lines: Sequence[Fields]) -> int:
        """Write lines; returns how many were not written."""
        lost = 0
        for part in _parts(_render(self._render, fields) for fields in lines):
            try:
                self._stream.write("".join(part))
                self._stream.flush()
            except (OSError, ValueError):  # ValueError: it was closed
                lost += len(part)
        return lost

    def close(self) -> None:
        """Leave it open: it is the process's."""


class LogFile:
    """A file of JSON, which is rotated and may be shared by processes."""

    def __init__(self, path: str, *, only_errors: bool = False) -> None:
        Path(path).touch()  # so that errors can be followed before there is one
        self._handler: BaseRotatingHandler = ConcurrentRotatingFileHandler(
            path, maxBytes=MAX_FILE_BYTES, backupCount=KEPT_FILES, encoding="utf-8"
        )
        self._only_errors = only_errors

    def write(self, lines: Sequence[Fields]) -> int:
        """Write lines; the library prints an error of the disk to standard error."""
        for fields in lines:
            if not self._only_errors or fields["level"] in _ERRORS:
                text = _render(json_line, fields).rstrip("\n")
                self._handler.handle(logging.LogRecord("", logging.NOTSET, "", 0, text, None, None))
        return 0

    def close(self) -> None:
        """Close the file."""
        self._handler.close()


class LogWriter:
    """
    Writes lines in the order in which they were put.

    Args:
        service: Named in each line.
    """

    def __init__(self, outputs: Sequence[Output], service: str) -> None:
        self._outputs = outputs
        self._service = service
        self._lines: SimpleQueue[Fields | None] = SimpleQueue()  # None: no more lines
        self._is_stopping = Event()
        self._thread = Thread(target=self._run, name="log writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """The number of lines that wait."""
        return self._lines.qsize()

    def put(self, fields: Fields) -> None:
        """Leave a line to the thread, or drop it: memory must not grow with unwritten lines."""
        if self._lines.qsize() < MOST_WAITING:
            self._lines.put_nowait(fields)
        else:
            _DROPPED.labels(self._service).inc()

    def stop(self) -> None:
        """Write the remaining lines, and close the files."""
        self._is_stopping.set()
        self._lines.put_nowait(None)
        self._thread.join()
        for output in self._outputs:
            output.close()

    def _run(self) -> None:
        is_over = False
        while not is_over:
            lines = [self._lines.get()]
            self._is_stopping.wait(_GATHER_S)
            lines += [self._lines.get() for _ in range(self._lines.qsize())]
            is_over = None in lines
            self._write([fields for fields in lines if fields is not None])

    def _write(self, lines: Sequence[Fields]) -> None:
        for fields in lines:
            fields["service"] = self._service
        for output in self._outputs:
            if lost := output.write(lines):
                _DROPPED.labels(self._service).inc(lost)


def _render(render: Callable[[Fields], str], fields: Fields) -> str:
    try:
        return f"{render(fields)}\n"
    except Exception as error:  # noqa: BLE001 - repr() of a value may raise anything, and the other lines are still due
        known = {name: value for name, value in fields.items() if type(value) in (str, int, float)}
        return f"{render({**known, 'unprintable': type(error).__name__})}\n"


def _parts(lines: Iterable[str]) -> Iterator[list[str]]:
    """Group lines into what a pipe takes whole, so that lines of several processes do not mix."""
    part: list[str] = []
    size = 0
    for line in lines:
        length = len(line.encode())
        if part and size + length > PIPE_BUF:
            yield part
            part, size = [], 0
        part.append(line)
        size += length
    if part:
        yield part
