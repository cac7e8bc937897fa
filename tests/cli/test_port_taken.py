"""Embedded servers whose port another process holds."""

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.dev.databases import open_databases
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.ports import answers, free_port, hold_port_like, listens
from cli.dev.postgres import EmbeddedPostgres
from cli.dev.secrets import password_names
from cli.dev.server import EmbeddedServer, PortTaken
from cli.services import SERVICES

PASSWORDS = {name: "secret" for service in SERVICES for name in password_names(service)}


@pytest.fixture
def folder() -> Iterator[Path]:
    """The folder for the servers' data."""
    # Not pytest's own folder: only root can enter that, and as root, PostgreSQL runs as nobody.
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which this process listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("kind", [EmbeddedPostgres, EmbeddedMongoDB])
def test_a_taken_port_is_the_reason_that_is_shown(kind: type[EmbeddedServer], folder: Path, taken: int) -> None:
    """The error has the server's own reason and the holder of the port, without a backtrace."""
    with pytest.raises(PortTaken, match=r"Address already in use.*\(pid \d+\)") as refused:
        kind(folder, taken).__enter__()

    assert "\n" not in str(refused.value)
    assert "backtrace" not in str(refused.value).lower()


@pytest.mark.long
def test_another_server_on_the_port_is_not_taken_for_ours(folder: Path, postgres: EmbeddedPostgres) -> None:
    """Another server answers there: ours has not started."""
    with pytest.raises(PortTaken):
        EmbeddedPostgres(folder, postgres.port).__enter__()

    assert postgres.is_ready()


@pytest.mark.long
def test_databases_go_to_another_port_if_somebody_was_faster(folder: Path, taken: int) -> None:
    """A free port may be taken before a server binds it: then both servers try another."""
    asked = list[str]()

    def choose(name: str, _wanted: int) -> int:
        asked.append(name)
        return taken if asked.count(name) == 1 else free_port()

    with open_databases(folder, {}, PASSWORDS, choose) as (urls, servers):
        assert sorted(asked) == ["mongodb", "mongodb", "postgres", "postgres"]
        assert all(server.is_ready() for server in servers.values())
        assert not any(f":{taken}/" in url for url in urls.values())


def test_of_two_that_hold_a_port_each_has_its_own() -> None:
    """A held port is reserved before anything is served on it."""
    with hold_port_like(20001) as first, hold_port_like(20001) as second:
        ports = [held.getsockname()[1] for held in (first, second)]

        assert ports[1] - ports[0] in range(1000, 40_000, 1000)
        assert all(answers(port) for port in ports)


def test_only_who_listens_is_ours(taken: int, postgres: EmbeddedPostgres) -> None:
    """A process is identified by the ports on which it and its descendants listen."""
    assert listens(postgres.pid, postgres.port)
    assert not listens(postgres.pid, taken)
