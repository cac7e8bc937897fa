"""Which TCP ports of 127.0.0.1 are free, and who holds the others."""

import socket
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

import psutil


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
        # As servers do: connections that are merely closing do not count.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Any free port; the kernel does not soon give it to anybody else."""
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        return int(candidate.getsockname()[1])


def free_port_like(port: int) -> int:
    """*port* if it is free, else the first free one of *port* + 1000, *port* + 2000 and so on: easy to recognise."""
    return next(candidate for candidate in range(port, 2**16, 1000) if is_free(candidate))


def answers(port: int) -> bool:
    """Whether somebody accepts connections on *port*."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_ready(port: int) -> bool:
    """Whether the service on *port* says that it can be used."""
    connection = HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def holder_of(port: int) -> Holder:
    """Who listens on *port*, as far as we may know."""
    for connection in psutil.net_connections("tcp"):
        listens = connection.status == psutil.CONN_LISTEN and getattr(connection.laddr, "port", None) == port
        if listens and connection.pid:
            return Holder(connection.pid, psutil.Process(connection.pid).name())
    return Holder(None, "a program of another user")
