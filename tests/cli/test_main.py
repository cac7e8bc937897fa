import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from chassis.core.errors import DatabaseUnavailable
from cli.__main__ import COMMANDS, all_commands, app, main
from cli.dev.files import ROOT
from cli.errors import CommandError


@pytest.mark.long
def test_commands_run_where_the_workers_metrics_have_no_folder(tmp_path: Path) -> None:
    """A command runs as in its own container: the image names a folder that only gunicorn creates."""
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "missing")}

    done = subprocess.run([sys.executable, "-m", "cli", "smoke"], env=environment, check=False, capture_output=True)

    assert done.returncode == 0, done.stderr.decode()


def test_the_help_lists_every_command() -> None:
    """Each command can be imported where all libraries are installed."""
    done = CliRunner().invoke(app, ["--help"])

    listed = {line.strip("│ ").partition(" ")[0] for line in done.output.splitlines()}
    assert listed >= all_commands().keys() >= COMMANDS.keys() | {"analytics", "user"}


def test_a_command_whose_library_is_missing_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The image of one service lacks the libraries of the others."""
    monkeypatch.setitem(COMMANDS, "demo", "no_such_library.demo:demo")
    commands: Any = typer.main.get_command(app)
    context = typer.Context(commands)

    with pytest.raises(CommandError, match="'demo' needs no_such_library"):
        commands.get_command(context, "demo")

    assert "demo" not in commands.list_commands(context)


def test_an_error_of_a_service_is_printed_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to change; a stack trace would not."""

    def fail(**_: str) -> None:
        raise DatabaseUnavailable

    monkeypatch.setattr("cli.__main__.app", fail)

    with pytest.raises(SystemExit) as ended:
        main()

    assert str(ended.value) == DatabaseUnavailable().message


def test_the_short_form_ignores_another_project_s_python(tmp_path: Path) -> None:
    """`bin/cli` works from any folder, whatever another project's environment has set."""
    (tmp_path / "typer.py").write_text("raise SystemExit('foreign')")
    foreign = dict.fromkeys(("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"), str(tmp_path))
    environment = {"PATH": os.environ["PATH"], **foreign}
    command = [str(ROOT / "bin" / "cli"), "calls", "--help"]

    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, "calls" in done.stdout) == (0, True)


@pytest.mark.parametrize(("module", "library"), [("cli", "structlog"), ("cli.dev.reloading", "uvicorn")])
def test_an_interrupt_during_the_imports_has_no_traceback(tmp_path: Path, module: str, library: str) -> None:
    """Ctrl-C in the first second, while libraries are imported, ends a process without a word."""
    (tmp_path / f"{library}.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nraise ValueError\n"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{tmp_path}:{ROOT}"}

    done = subprocess.run([sys.executable, "-P", "-m", module], env=environment, capture_output=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")
