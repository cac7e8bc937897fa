"""The common part of the embedded database servers: a folder, a port, a process, and waiting until it is ready."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from cli.dev.polling import wait_until
from cli.dev.ports import answers, holder_of, listens
from cli.dev.processes import SupervisedProcess
from cli.errors import CommandError

_PATIENCE = 60.0  # seconds; recovery after a crash is the slowest start

# Nothing of the caller's: a PGPORT or PGDATA in a shell must not influence our server.
CLEAN_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


_TAKEN = "Address already in use"
_ATTEMPTS = 5  # at ports that seem to be free


class PortTaken(CommandError):
    """Another program listens on the server's port."""


class EmbeddedServer(ABC):
    """
    An embedded database server on 127.0.0.1, for development and tests; a context manager that starts and stops it.

    All its data is in one folder: starting it again in the same folder, even after SIGKILL, continues with the data.
    """

    name: str  # for messages

    def __init__(self, folder: Path, port: int) -> None:
        """The constructor starts nothing. *folder* is created if needed; only one server may run in it at a time."""
        self.folder = folder.absolute()
        self.port = port
        self._process: SupervisedProcess | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def log(self) -> Path:
        """The output of the server since its latest start."""
        return self.folder / "server.log"

    @property
    def pid(self) -> int:
        """The root of its process tree, once it was started."""
        assert self._process
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether its process is running."""
        return self._process is not None and self._process.running

    def start(self) -> None:
        """
        Start the server and wait until it is ready.

        Raises:
            CommandError: It ended, or did not answer within a minute; the message has the end of its log.
        """
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start the server without waiting for it, so that others can be started meanwhile."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._process:
            self._process.wait()  # it has ended, but its pipes are still open
        self._prepare()
        with self.log.open("wb") as log:
            self._process = SupervisedProcess(
                self._command(), environment=CLEAN_ENVIRONMENT, folder=Path("/"), output=log
            )

    def wait_until_ready(self) -> None:
        """
        Wait until the server is ready, and not another program on its port.

        Raises:
            PortTaken: Another program has its port.
            CommandError: It ended, or did not answer within a minute; the message has the server's own reason.
        """
        if wait_until(lambda: self.is_ready() or not self.is_running, _PATIENCE) and self.is_running:
            return
        reason = self.reason()
        message = f"{self.name} did not start: {reason}. The whole log: {self.log}"
        if _TAKEN in reason:
            raise PortTaken(f"{message} Port {self.port} is held by {holder_of(self.port)}.")
        raise CommandError(f"{message} `make doctor` may know more.")

    def reason(self) -> str:
        """Return why the server ended, in its own words."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "; ".join(dict.fromkeys(self._complaints(lines))) or "its log has no reason"

    def is_ready(self) -> bool:
        """Whether it, and not another program on its port, is ready."""
        # The first check is by far the cheapest, and runs fifty times a second until the server has started.
        return answers(self.port) and listens(self.pid, self.port) and self._ready()

    def request_stop(self) -> None:
        """Request a clean stop, without waiting for it."""
        if self._process:
            self._process.request_stop()

    def stop(self) -> None:
        """Stop the server cleanly and wait until it has ended; it may be started again."""
        self.request_stop()
        if self._process:
            self._process.wait()

    def kill(self) -> None:
        """Kill the server with SIGKILL, as a crash would; it may be started again."""
        if self._process:
            self._process.kill()

    @abstractmethod
    def create_database(self, name: str, password: str | None = None) -> str:
        """
        Make sure that user *name* exists, and that database *name* is open to it and to no other.

        Returns:
            Its URL. Without a *password*, a new one is generated, which replaces an earlier one.

        Raises:
            CommandError: The server refused it.
        """

    @abstractmethod
    def drop_database(self, name: str) -> None:
        """Delete database *name* with its data, if it exists; its user stays."""

    @abstractmethod
    def drop_user(self, name: str) -> None:
        """Delete user *name*, who owns nothing any more, if there is such a user."""

    @abstractmethod
    def filled_tables(self, name: str) -> list[str]:
        """Return the tables or collections of database *name* that have rows; none if there is no such database."""

    @abstractmethod
    def _prepare(self) -> None:
        """Bring the folder into the state in which the server can start."""

    @abstractmethod
    def _command(self) -> list[str]:
        """The program and its arguments."""

    @abstractmethod
    def _ready(self) -> bool:
        """Whether the server, which already listens, is ready."""

    @abstractmethod
    def _complaints(self, log: Sequence[str]) -> list[str]:
        """Return the lines of *log* with the reason of its end."""


@contextmanager
def running(
    servers: Collection[EmbeddedServer], other_port: Callable[[EmbeddedServer], int] | None = None
) -> Iterator[None]:
    """
    Start *servers* in parallel, and stop them in parallel at the end of the block.

    Args:
        other_port: Called with a server whose port another program took first; returns the port to try instead.

    Raises:
        CommandError: A server does not start.
    """
    try:
        for server in servers:
            server.launch()
        for server in servers:
            _wait(server, other_port)
        yield
    finally:
        for server in servers:
            server.request_stop()
        for server in servers:
            server.stop()


def _wait(server: EmbeddedServer, other_port: Callable[[EmbeddedServer], int] | None) -> None:
    """Wait for a server. It has its port once it listens there; checking the port beforehand would not be reliable."""
    for _ in range(_ATTEMPTS):
        try:
            return server.wait_until_ready()
        except PortTaken:
            if other_port is None:
                raise
            server.port = other_port(server)
            server.launch()
    return server.wait_until_ready()
