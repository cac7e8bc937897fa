"""Processes that end with whoever started them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.dev.processes import SupervisedProcess

# A command with a child in the same process group: what uvicorn's reloader and its worker are.
FAMILY = "sleep 1000 & echo started; wait"

LAUNCHER = f"""
import os, pathlib, subprocess, sys
from cli.dev.processes import SupervisedProcess
process = SupervisedProcess(["sh", "-c", {FAMILY!r}], environment=os.environ, folder=pathlib.Path("/"), output=None)
process.wait()
"""


def supervised(script: str) -> SupervisedProcess:
    """A shell that runs *script*."""
    return SupervisedProcess(["sh", "-c", script], environment=os.environ, folder=Path("/"), output=subprocess.PIPE)


def test_nothing_survives_a_killed_launcher() -> None:
    """After SIGKILL of the launcher, all that it started is gone."""
    with subprocess.Popen([sys.executable, "-c", LAUNCHER], stdout=subprocess.PIPE) as launcher:
        assert launcher.stdout
        assert launcher.stdout.readline() == b"started\n"

        launcher.kill()

        # All of the family hold this pipe; it ends when the last of them does.
        assert launcher.stdout.read() == b""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_survives_a_killed_leash(number: signal.Signals) -> None:
    """A command ends when the leash itself is killed."""
    process = supervised("trap 'kill $!; exit' INT; sleep 1000 & echo started; wait")
    with process.output as output:
        output.readline()

        os.kill(process.pid, number)

        assert output.read() == b""
    process.wait()


def test_a_command_hears_its_order_to_stop_also_in_the_background() -> None:
    """A shell has its background jobs ignore SIGINT, and the jobs of those; what runs on a leash does not."""
    ignored = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = supervised("trap 'exit 3' INT; echo started; while :; do sleep 0.01; done")
    finally:
        signal.signal(signal.SIGINT, ignored)
    with process.output as output:
        output.readline()

        process.request_stop()

        assert process.wait() == 3


def test_stop_lets_a_command_finish() -> None:
    """A command that is stopped can still do what it has to do."""
    process = supervised("trap 'echo finished; exit 3' INT; sleep 1000 & echo started; wait")
    with process.output as output:
        output.readline()

        process.request_stop()

        assert process.wait() == 3
        assert output.read() == b"finished\n"


def test_kill_ends_the_whole_family() -> None:
    """After kill() neither the command nor its children run."""
    process = supervised(FAMILY)
    with process.output as output:
        output.readline()

        process.kill()

        assert output.read() == b""
    assert not process.running


def test_child_that_a_command_leaves_behind_is_ended() -> None:
    """The end of a command is the end of what it started."""
    process = supervised("sleep 1000 & exit 0")

    with process.output as output:
        assert output.read() == b""
    assert process.wait() == 0


def test_exit_code_is_the_command_s() -> None:
    """The caller learns how the command ended."""
    process = supervised("exit 7")
    process.output.close()

    assert process.wait() == 7
