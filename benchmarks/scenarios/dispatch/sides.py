"""The two sides of a candidate, each in processes of its own."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

import psutil
import uvloop

from benchmarks.load import Load, Taken, run_load
from benchmarks.processes import Child, hear
from benchmarks.scenarios.dispatch.candidate import Candidate
from benchmarks.scenarios.dispatch.candidates import CANDIDATES
from benchmarks.scenarios.dispatch.credentials import Secrets
from benchmarks.scenarios.dispatch.products import ids_of

_BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Task:
    """What a client is told to do."""

    load: Load
    size: int
    """Bytes of the answer."""


@dataclass(frozen=True, slots=True)
class Sides:
    """A candidate ready to be measured."""

    key: str
    name: str
    ports: Sequence[int]
    client: Child
    servers: Sequence[psutil.Process]

    def run(self, task: Task) -> Taken:
        """Have the client do *task*."""
        taken = self.client.ask(task)
        assert isinstance(taken, Taken)
        return taken

    def server_cpu(self) -> float:
        """Give the seconds of CPU that all server processes have used so far."""
        times = [server.cpu_times() for server in self.servers]
        return sum(one.user + one.system for one in times)


@contextmanager
def both_sides(candidate: Candidate, secrets: Secrets, workers: int = 1) -> Iterator[Sides]:
    """Start a client process and *workers* server processes."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG))
        servers = [stack.enter_context(Child(candidate.serve, listener, secrets)) for _ in range(workers)]
        ports = [server.ready() for server in servers]
        client = stack.enter_context(Child(run_client, candidate.key, ports, secrets))
        client.ready()
        yield Sides(candidate.key, candidate.name, ports, client, [psutil.Process(server.pid) for server in servers])


def run_client(pipe: Connection, key: str, ports: Sequence[int], secrets: Secrets) -> None:
    """Do what the pipe says until it is closed."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_obey(pipe, CANDIDATES[key], ports, secrets))


async def _obey(pipe: Connection, candidate: Candidate, ports: Sequence[int], secrets: Secrets) -> None:
    async with candidate.connect(ports, secrets) as fetch:
        pipe.send("ready")
        while task := await hear(pipe):
            pipe.send(await run_load(fetch, ids_of(task.size), task.load))
