"""Processes forked from one with all imports: starting a service takes 0.2 s of CPU instead of 1.3 s."""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO

from cli.dev.supervised import signal_when_parent_dies
from cli.services import SERVICES

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(
    [
        "uvicorn.lifespan.on",
        "uvicorn.loops.uvloop",
        "uvicorn.protocols.http.httptools_impl",
        *(f"{one.name}.main" for one in SERVICES),
    ]
)


class WarmProcess:
    """
    Replaces a ``SupervisedProcess`` of ``python -m <module> …``: forked from a process that has imported the services.

    It is killed when that process ends, which is when this one does.
    """

    def __init__(
        self,
        command: list[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        output: int,
        inherits: Collection[int] = (),
    ) -> None:
        """Start it in *folder*; its output can be read if *output* is ``subprocess.PIPE``; else it is discarded."""
        assert not inherits, "who is forked elsewhere cannot inherit"
        self._reading, writing = multiprocessing.Pipe(duplex=False)
        printing = writing if output == subprocess.PIPE else None
        self._process = _FORKING.Process(target=_run, args=(command, dict(environment), folder, printing), daemon=True)
        self._process.start()
        writing.close()

    @property
    def output(self) -> IO[bytes]:
        """Its output, to be closed by its reader; it ends when the process has ended."""
        return os.fdopen(os.dup(self._reading.fileno()), "rb")

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid or 0

    @property
    def running(self) -> bool:
        """Whether it is running."""
        return self._process.is_alive()

    def request_stop(self) -> None:
        """Request a clean stop, without waiting for it."""
        if self._process.is_alive():
            os.kill(self.pid, signal.SIGINT)

    def wait(self) -> int:
        """Wait until it has ended; returns its exit code."""
        self._process.join()
        return self._process.exitcode or 0

    def kill(self) -> None:
        """Kill it with SIGKILL, and wait until it has ended."""
        self._process.kill()
        self._process.join()


def _run(command: list[str], environment: Mapping[str, str], folder: Path, output: Connection | None) -> None:
    """Run ``python -m <module> …``."""
    signal_when_parent_dies(signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background processes ignore it
    printing = output.fileno() if output else os.open(os.devnull, os.O_WRONLY)
    for standard in (1, 2):
        os.dup2(printing, standard)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    _python, _dash_m, module, *arguments = command
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
