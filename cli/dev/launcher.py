"""The services as processes of this machine, for `make run` and for tests that need real processes."""

import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from itertools import count
from socket import socket
from threading import Thread
from typing import Self
from urllib.parse import urlsplit

import psutil

from cli.dev.files import ROOT
from cli.dev.polling import wait_until
from cli.dev.ports import is_broken, is_ready, listens
from cli.dev.processes import SupervisedProcess, stop_all
from cli.errors import CommandError
from cli.services.discovery import find_service, url_variable

_TURNS_PER_LOOK = 15  # the check for crashes scans all processes of the machine, so it is not done at every turn


class NotReady(CommandError):
    """Some services have crashed, or take too long to start."""

    def __init__(self, names: list[str]) -> None:
        """*names*: the names of these services."""
        super().__init__(f"Not ready: {', '.join(names)}. Their output above has the reason.")
        self.names = names


class ServiceProcesses:
    """
    The services, each as a process (or, with sockets to *reload*, one that restarts its worker at every edit).

    A context manager that starts and stops them. None of them outlives this process.
    """

    def __init__(
        self,
        environments: Mapping[str, Mapping[str, str]],
        *,
        on_line: Callable[[str, str], None],
        reload: Mapping[str, socket] | None = None,
    ) -> None:
        """
        The constructor starts nothing.

        Args:
            environments: The whole environment of each service, by its name; includes its port (`*_SERVICE_URL`).
            on_line: Called with a service's name and a line of its output, from one thread per service.
            reload: Sockets that listen on the services' ports, by their names: each service then watches its own folder
                and `chassis/`, and answers 503 while its code does not start.
        """
        self._environments = environments
        self._sockets = {} if reload is None else reload
        self._on_line = on_line
        self._processes: dict[str, SupervisedProcess] = {}

    def __enter__(self) -> Self:
        for name in self._environments:
            self.start(name)
        return self

    def __exit__(self, *_: object) -> None:
        ending, self._processes = self._processes, {}
        stop_all(ending.values())

    def start(self, name: str) -> None:
        """Start service *name*, without waiting until it is ready."""
        process = SupervisedProcess(
            self._command(name),
            environment=self._environments[name],
            folder=ROOT,
            output=subprocess.PIPE,
            inherits=[self._sockets[name].fileno()] if name in self._sockets else (),
        )
        self._processes[name] = process
        Thread(target=self._pump, args=[name, process], daemon=True).start()

    def stop(self, *names: str) -> None:
        """Stop these services cleanly and wait until they have ended; they may be started again."""
        stop_all([self._processes.pop(name) for name in names])

    def kill(self, name: str) -> None:
        """End service *name* with SIGKILL, as a crash would; it may be started again."""
        self._processes.pop(name).kill()

    def restart(self, name: str) -> None:
        """Kill the rest of service *name*, and start it again without waiting for it."""
        self.kill(name)
        self.start(name)

    def wait_until_ready(self, timeout: float = 30.0, names: Collection[str] | None = None) -> None:
        """
        Wait until every started service is ready, or those of these *names*, at most *timeout* seconds.

        Raises:
            NotReady: Some are not; crashed services are not waited for.
        """
        waiting, crashed, turns = set(self._processes if names is None else names), set[str](), count(1)

        def is_settled() -> bool:
            waiting.difference_update([name for name in waiting if self.is_ready(name)])
            if next(turns) % _TURNS_PER_LOOK == 0:
                crashed.update(name for name in waiting if self.has_crashed(name) or self._is_broken(name))
            return waiting <= crashed

        wait_until(is_settled, timeout)
        if missing := crashed | waiting:
            raise NotReady(sorted(missing))

    def has_crashed(self, name: str) -> bool:
        """Whether service *name* has ended, or its worker has, which uvicorn's reloader leaves as a zombie."""
        process = self._processes[name]
        try:
            family = psutil.Process(process.pid).children(recursive=True)
            return not process.running or any(member.status() == psutil.STATUS_ZOMBIE for member in family)
        except psutil.NoSuchProcess:
            return not process.running

    def is_ready(self, name: str) -> bool:
        """Whether service *name*, and not another program on its port, is ready."""
        port = self._port(name)
        return is_ready(port) and listens(self._processes[name].pid, port)

    def _is_broken(self, name: str) -> bool:
        return name in self._sockets and is_broken(self._port(name))

    def _port(self, name: str) -> int:
        return urlsplit(self._environments[name][url_variable(name)]).port or 80

    def _command(self, name: str) -> list[str]:
        if name in self._sockets:
            held = self._sockets[name].fileno()
            return [sys.executable, "-m", "cli.dev.reloading", name, str(held)]
        return [
            *(sys.executable, "-m", "uvicorn", find_service(name).factory, "--factory", "--no-access-log"),
            *("--host", "127.0.0.1", "--port", str(self._port(name)), "--timeout-graceful-shutdown", "1"),
            *("--http", "chassis.web.http_protocol:LimitedProtocol", "--ws", "none", "--no-server-header"),
        ]

    def _pump(self, name: str, process: SupervisedProcess) -> None:
        """Pass the output of *process* on; report it if it ends without a request to stop."""
        with process.output as lines:
            for line in lines:
                self._on_line(name, line.decode(errors="replace").rstrip("\n"))
        if self._processes.get(name) is process:
            self._on_line(name, "This process has ended.")
