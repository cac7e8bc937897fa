"""Free ports, and the holders of taken ones."""

import os
import socket
from collections.abc import Iterator

import psutil
import pytest

from cli.dev.ports import answers, free_port, free_port_like, holder_of, is_free


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which this process listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_free_port_is_free() -> None:
    """A server can listen on a free port, and nothing answers there."""
    port = free_port()

    assert is_free(port)
    assert not answers(port)


def test_taken_port_is_not_free(taken: int) -> None:
    """A port with a listener is not free, and answers."""
    assert not is_free(taken)
    assert answers(taken)


def test_holder_of_a_port_is_named(taken: int) -> None:
    """The holder of a port is named by program and process id."""
    assert str(holder_of(taken)) == f"{psutil.Process().name()} (pid {os.getpid()})"


def test_taken_port_is_replaced_by_one_that_looks_like_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A taken port is replaced by the first free one in steps of a thousand."""
    monkeypatch.setattr("cli.dev.ports.is_free", lambda port: port not in {8002, 9002})

    assert free_port_like(8002) == 10002
    assert free_port_like(8003) == 8003
