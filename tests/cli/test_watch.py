"""Parts that end are restarted."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from cli.dev.polling import eventually
from cli.dev.postgres import EmbeddedPostgres
from cli.dev.watch import Part, Watch
from cli.errors import CommandError


@dataclass
class Process:
    """A fake process."""

    runs: bool = True
    fails: bool = False
    starts: list[float] = field(default_factory=list)

    def part(self, name: str) -> Part:
        """The process as a part of a stack."""
        return Part(name, lambda: not self.runs, lambda: "out of memory", self.start, lambda: self.runs)

    def start(self) -> None:
        """Start, or raise the reason why not."""
        if self.fails:
            raise CommandError("no room on the disk")
        self.runs = True


@pytest.mark.long
async def test_a_database_that_died_is_started_again_and_that_is_said(own_postgres: EmbeddedPostgres) -> None:
    """The next check notices its death, and a later one its return; a bystander is left alone."""
    said, bystander = list[str](), Process()
    server = own_postgres
    part = Part(server.name, lambda: not server.is_running, server.reason, server.launch, server.is_ready)
    watch = Watch([part, bystander.part("bystander")], said.append)
    watch.look()
    assert said == []

    server.kill()
    watch.look()

    assert len(said) == 1
    assert said[0].startswith("PostgreSQL has ended (")

    async def is_back() -> bool:
        watch.look()
        return said[1:] == ["PostgreSQL runs again."]

    assert await eventually(is_back)
    assert server.execute("SELECT 1") == "1"


def test_what_ends_again_and_again_waits_for_longer_each_time() -> None:
    """The first restart is immediate, the next after 1, 2, 4 … seconds, half a minute at most."""
    now, said, process = [1000.0], list[str](), Process(fails=True, runs=False)
    watch = Watch([process.part("mongod")], said.append, lambda: now[0])
    starts = []
    for _ in range(200):
        before = len(said)
        watch.look()
        if len(said) > before:
            starts.append(now[0])
        now[0] += 1

    assert [after - before for before, after in pairwise(starts)] == [1, 2, 4, 8, 16, 30, 30, 30, 30, 30]
    assert said[:2] == ["mongod has ended (out of memory). It is started again.", "no room on the disk"]


def test_what_has_run_for_long_is_started_at_once() -> None:
    """Earlier failures no longer count."""
    now, said, process = [0.0], list[str](), Process(runs=False)
    watch = Watch([process.part("mongod")], said.append, lambda: now[0])
    watch.look()
    now[0], process.runs = 61.0, False

    watch.look()

    assert process.runs
