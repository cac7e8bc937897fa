"""The services of both sides, their client, and how a side is measured."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.deployment import Deployed, deploy, log_in
from benchmarks.load import Load, Task, run_client
from benchmarks.processes import Child
from benchmarks.runner import DoesNotWork, Side
from benchmarks.scenarios.growth.client import shop_at
from benchmarks.scenarios.growth.operations import Samples, take_samples
from benchmarks.scenarios.growth.stores import EMPTY, GROWN, Databases
from cli.demo.accounts import PERSON, ensure_demo_admin

NAMES = {EMPTY: "empty", GROWN: "grown"}
_WORKERS = {"analytics": 1, "user": 1, "product": 1, "order": 1}


@dataclass(frozen=True, slots=True)
class Stack:
    """A side: its databases, its services, and rows to ask for."""

    databases: Databases
    services: Deployed
    samples: Samples
    postgres_pids: list[int]

    @contextmanager
    def client(self, *, waits: bool = True) -> Iterator[Side]:
        """
        Run a client for a quarter of an hour at most, as long as its tokens are valid.

        Args:
            waits: Whether a load is done only when its events are delivered.
        """
        urls = {f"{name}s": self.services.address(name) for name in ("order", "product", "user")}
        environment = self.services.environment
        tokens = {"person": log_in(environment), "admin": log_in(environment, ensure_demo_admin)}
        roots = {"services": list(self.services.pids.values()), "PostgreSQL": self.postgres_pids}
        drain = self.databases.wait_for_events if waits else lambda: None
        with Child(run_client, shop_at, urls, tokens, PERSON.password) as child:
            child.ready()
            yield Side(self.databases.side, NAMES[self.databases.side], child.ask, roots, drain)

    @contextmanager
    def consumer_stopped(self) -> Iterator[None]:
        """Let analytics hang during the block, so that events wait."""
        processes = psutil.Process(self.services.pids["analytics"]).children(recursive=True)
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                process.resume()


@contextmanager
def deploy_stack(
    databases: Databases, secrets: Mapping[str, str], folder: Path, postgres_pids: list[int]
) -> Iterator[Stack]:
    """
    Run the services of a side until the end of the block.

    Raises:
        NotReady: A service does not start.
    """
    folder.mkdir()
    with deploy(databases.urls, secrets, folder, _WORKERS) as services:
        yield Stack(databases, services, take_samples(databases), postgres_pids)


def do_each(side: Side, wanted: list[str]) -> None:
    """
    Do each of these once.

    Raises:
        DoesNotWork: One fails.
    """
    taken = side.run(Task(Load(1, len(wanted), 0.0, 60.0), wanted))
    if taken.errors or taken.calls < len(wanted):
        raise DoesNotWork(f"{side.name}: {taken.errors}")
