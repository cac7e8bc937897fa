"""Processes that end with their launcher."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.dev.processes import SupervisedProcess

# A command with a child in the same process group, like uvicorn's reloader and its worker.
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
    """After SIGKILL of the launcher, all its processes have ended."""
    with subprocess.Popen([sys.executable, "-c", LAUNCHER], stdout=subprocess.PIPE) as launcher:
        assert launcher.stdout
        assert launcher.stdout.readline() == b"started\n"

        launcher.kill()

        # All descendants hold this pipe; it ends when the last of them does.
        assert launcher.stdout.read() == b""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_survives_a_killed_leash(number: signal.Signals) -> None:
    """A command ends when its supervisor is killed."""
    process = supervised("trap 'kill $!; exit' INT; sleep 1000 & echo started; wait")
    with process.output as output:
        output.readline()

        os.kill(process.pid, number)

        assert output.read() == b""
    process.wait()


def test_a_command_hears_its_order_to_stop_also_in_the_background() -> None:
    """A shell disables SIGINT for background jobs and their children; a supervised command still gets it."""
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
    """A stopped command can still finish its work."""
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
    """When a command ends, its children are ended."""
    process = supervised("sleep 1000 & exit 0")

    with process.output as output:
        assert output.read() == b""
    assert process.wait() == 0


def test_exit_code_is_the_command_s() -> None:
    """The caller gets the command's exit code."""
    process = supervised("exit 7")
    process.output.close()

    assert process.wait() == 7
