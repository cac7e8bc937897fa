"""Processes that are started again whenever they end, as a supervisor would do it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import psutil

from cli.dev.files import ROOT
from cli.dev.processes import SupervisedProcess

_POLL_S = 0.02
_AFTER_A_CRASH_S = 1.0


class Keeper:
    """
    Keeps one process going, and what it has started.

    Attributes:
        crashes: Exit codes of those ends that nobody here has caused.
        log: What all of them have printed.
    """

    def __init__(self, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        """Start it. Once its ``keep`` runs it is started again at every end."""
        self.crashes: list[int] = []
        self._command = command
        self._environment = environment
        self.log = log
        self._start()

    async def keep(self) -> None:
        """Start it again whenever it has ended, until cancelled."""
        while True:
            if self.process.running:
                await asyncio.sleep(_POLL_S)
                continue
            if not self._was_killed:
                self.crashes.append(self.process.wait())
                await asyncio.sleep(_AFTER_A_CRASH_S)
            self._start()

    def kill(self) -> None:
        """End it and what it has started with SIGKILL; it comes back."""
        self._was_killed = True
        self.process.kill()

    def workers(self) -> list[psutil.Process]:
        """Give the processes that it has started."""
        return descendants(self.process.pid)[1:]

    def _start(self) -> None:
        self._was_killed = False
        with self.log.open("ab") as log:
            self.process = SupervisedProcess(self._command, environment=self._environment, folder=ROOT, output=log)


def descendants(leash: int) -> list[psutil.Process]:
    """Give the command on a leash and all that it has started; nothing if it has ended."""
    try:
        return psutil.Process(leash).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
