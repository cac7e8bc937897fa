"""Which TCP ports of 127.0.0.1 are free, and which processes hold the others."""

import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

import psutil

BROKEN = "service_broken"
"""The problem code of a service whose code does not start."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that listens on a port; *pid* is None for a process of another user."""

    pid: int | None
    program: str

    def __str__(self) -> str:
        """E.g. `python3 (pid 4711)`."""
        return f"{self.program} (pid {self.pid})" if self.pid else self.program


def is_free(port: int) -> bool:
    """Whether a server could listen on *port* now."""
    with socket.socket() as candidate:
        # As servers do: connections that are closing do not count.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return any free port; the kernel does not reuse it soon."""
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        return int(candidate.getsockname()[1])


def free_port_like(port: int) -> int:
    """Return *port* if it is free, else the first free one of *port* + 1000, *port* + 2000 and so on."""
    return next(candidate for candidate in range(port, 2**16, 1000) if is_free(candidate))


def hold_port_like(port: int) -> socket.socket:
    """
    Listen on *port*, or on the first free one of *port* + 1000, *port* + 2000 and so on, which reserves it.

    Raises:
        OSError: All of them are taken.
    """
    for candidate in range(port, 2**16, 1000):
        with suppress(OSError):
            return socket.create_server(("127.0.0.1", candidate), backlog=2048)
    raise OSError(f"port {port} is taken, and so are its alternatives")


def listens(process: int, port: int) -> bool:
    """Whether *process* or a descendant of it listens on *port*: another program may answer there."""
    try:
        root = psutil.Process(process)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return False
    return any(_listens(member, port) for member in family)


def _listens(process: psutil.Process, port: int) -> bool:
    with suppress(psutil.Error):
        connections = process.net_connections("tcp")
        return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in connections)
    return False


def answers(port: int) -> bool:
    """Whether a program accepts connections on *port*."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_ready(port: int) -> bool:
    """Whether the service on *port* reports that it is ready."""
    return _ask(port)[0] == HTTPStatus.OK


def is_broken(port: int) -> bool:
    """Whether the service on *port* reports that its code does not start (cli/dev/guarded.py)."""
    status, content = _ask(port)
    return status == HTTPStatus.SERVICE_UNAVAILABLE and content.get("code") == BROKEN


def _ask(port: int) -> tuple[int, dict[str, object]]:
    """Return status and body of ``/readyz``; 0 and an empty body without an answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        content = json.loads(response.read())
    except (OSError, HTTPException, ValueError):
        return 0, {}
    finally:
        connection.close()
    return response.status, content if isinstance(content, dict) else {}


def holder_of(port: int) -> Holder:
    """Return the process that listens on *port*, as far as it is visible."""
    for connection in psutil.net_connections("tcp"):
        listens = connection.status == psutil.CONN_LISTEN and getattr(connection.laddr, "port", None) == port
        if listens and connection.pid:
            with suppress(psutil.Error):  # it has ended in the meantime
                return Holder(connection.pid, psutil.Process(connection.pid).name())
    return Holder(None, "a program of another user")
