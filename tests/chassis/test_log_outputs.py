import json
import logging
from io import StringIO
from pathlib import Path
from select import PIPE_BUF

import pytest

from chassis.telemetry import log_writer, masking
from chassis.telemetry import logging as logs
from tests.chassis.log_lines import Line, finish, lines_of, start
from tests.chassis.log_writer import (
    SMALL_FILE_BYTES,
)

WRITERS = ("one", "two", "three", "four")
LINES_EACH = 2000


def test_a_wrong_argument_of_a_library_fails_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A line of a library with wrong arguments raises nothing where it is logged; standard error has its place."""
    logs._LibraryLines().handle(logging.LogRecord("a.library", logging.INFO, "", 0, "%s and %s", ("one",), None))  # noqa: SLF001

    assert "not enough arguments" in capsys.readouterr().err


def test_lines_for_a_closed_output_are_dropped_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """With standard output closed, a line is counted as dropped; the writer goes on and ends."""
    closed = StringIO()
    closed.close()
    count = log_writer._DROPPED.labels("closed")._value  # noqa: SLF001
    before = count.get()
    writer = log_writer.LogWriter([log_writer.Stream(closed, masking.json_line)], "closed")
    for event in ("one", "two"):
        writer.put({"event": event, "level": "info"})
    writer.stop()

    assert count.get() - before == 2
    assert capsys.readouterr().err == ""


def test_a_pipe_takes_what_is_written_at_once_whole() -> None:
    """Lines are written in parts of whole lines that a pipe takes at once; a longer line is a part of its own."""
    parts: list[str] = []

    class Pipe(StringIO):
        def write(self, text: str) -> int:
            parts.append(text)
            return len(text)

    lines: list[Line] = [{"number": number, "text": "é" * 700} for number in range(20)]
    log_writer.Stream(Pipe(), masking.json_line).write([*lines, {"text": "x" * 1990, "more": ["y" * 1990] * 2}])

    assert [json.loads(line) for part in parts for line in part.splitlines()][:20] == lines
    assert all(part.endswith("\n") for part in parts)
    assert max(len(part.encode()) for part in parts[:-1]) <= PIPE_BUF
    assert len(parts) == 21 // 2 + 1


@pytest.mark.long
def test_lines_that_nobody_reads_are_dropped(tmp_path: Path) -> None:
    """With standard output blocked a thousand lines wait, and the rest are dropped and counted; no service waits."""
    writer = start(tmp_path, "blocked")
    assert writer.stderr
    waiting, dropped = map(int, writer.stderr.readline().split())
    writer.communicate(timeout=60)

    assert waiting <= 1000
    assert dropped > 5000


@pytest.mark.long
def test_several_processes_share_a_log(tmp_path: Path) -> None:
    """Four workers that rotate the same file lose no line and corrupt none."""
    for writer in [start(tmp_path, name, str(LINES_EACH)) for name in WRITERS]:
        finish(writer)

    files = [file for file in tmp_path.iterdir() if file.name.startswith("user-service.log")]
    lines = [line for file in files for line in lines_of(file.read_text())]
    seen = sorted((line["writer"], line["number"]) for line in lines)
    assert seen == sorted((name, number) for name in WRITERS for number in range(LINES_EACH))
    assert len(files) > 2
    assert max(file.stat().st_size for file in files) < SMALL_FILE_BYTES + 1000


def test_errors_can_be_followed_before_the_first(tmp_path: Path) -> None:
    """A writer without an error has the file of errors, too."""
    finish(start(tmp_path, "one", "1"))

    assert (tmp_path / "user-service_errors.log").read_text() == ""
    assert (tmp_path / "user-service.log").read_text() != ""
