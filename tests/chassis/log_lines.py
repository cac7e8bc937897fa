"""Running log_writer.py, and reading what it wrote."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from cli.dev.files import ROOT

Line = dict[str, Any]


def start(folder: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """Start the writer with its logs in *folder*."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.chassis.log_writer", *arguments],
        cwd=ROOT,
        env={"LOG_DIR": str(folder), "CURSOR_KEY": "a key of these tests", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(writer: subprocess.Popen[str]) -> str:
    """Return what a writer has printed; it must exit with 0 and print no errors."""
    output, errors = writer.communicate(timeout=60)
    assert (writer.returncode, errors) == (0, "")
    return output


def lines_of(text: str) -> list[Line]:
    """Parse lines of JSON."""
    return [json.loads(line) for line in text.splitlines()]
