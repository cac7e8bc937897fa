"""A run from its start to its verdict."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import httpx
from rich.console import Console
from cli.dev.polling import eventually

from chaos.scenarios.ingestion.endpoints import Door, batches, deliveries
from chaos.scenarios.ingestion.events import ORDER
from chaos.scenarios.ingestion.faults import Saboteur
from chaos.scenarios.ingestion.plan import Plan
from chaos.scenarios.ingestion.progress import showing_progress
from chaos.scenarios.ingestion.senders import Book, Load
from chaos.scenarios.ingestion.system import System, running_system
from chaos.scenarios.ingestion.tally import read_tally
from chaos.scenarios.ingestion.verdict import compare
from chassis.core.store import DatabaseUnavailable
from cli.client import client
from cli.mongodb import make_write_key, opened

_PAUSE_S = 0.05
_ANSWER_S = 15.0
"""A client waits no longer."""
_LONGEST_PAUSE_S = 0.5
"""For so long the order service leaves analytics alone when it fails: events shall come again as soon as they can."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What came of a run.

    Attributes:
        counted_s: Seconds from the last acknowledgement until all was counted, or until that was given up.
        broken: Rule -> what breaks it.
    """

    book: Book
    kills: dict[str, int]
    counted_s: float
    broken: dict[str, list[str]]

    @property
    def is_good(self) -> bool:
        """Whether every rule holds."""
        return not any(self.broken.values())


async def run(plan: Plan, folder: Path, console: Console) -> Outcome:
    """
    Do everything; data and logs are in *folder*.

    Raises:
        CommandError: The system does not start.
        ExceptionGroup: Of a CommandError: something has not come back.
    """
    async with running_system(folder, plan.members) as system, _doors(system) as doors:
        load = Load(doors, plan.seed, _PAUSE_S)
        saboteur = Saboteur(system, plan)
        async with showing_progress(console, plan, load.book, saboteur):
            await _load_and_sabotage(plan, load, saboteur)
        console.print("The kills are over. Waiting until all is counted …")
        began = monotonic()
        broken = await until_counted(system.database_url, load.book, plan.counted_within_s)
        broken["no process ended unless it was killed"] = [f"exit code {code}" for code in system.keeper.crashes]
        broken["no request failed for a reason that is ours"] = system.unhandled_errors()
    return Outcome(load.book, dict(saboteur.kills), monotonic() - began, broken)


async def until_counted(url: str, book: Book, within_s: float) -> dict[str, list[str]]:
    """Hold the database against what was sent, until they agree or it takes too long; gives what breaks each rule."""
    broken = dict[str, list[str]]()

    async def agree() -> bool:
        try:
            async with opened(url) as database:
                broken.update(compare(book, await read_tally(database)))
        except DatabaseUnavailable:  # its members may still choose a primary
            return False
        return not any(broken.values())

    await eventually(agree, within=within_s)
    return broken


@asynccontextmanager
async def _doors(system: System) -> AsyncIterator[list[Door]]:
    async with (
        client(system.environment, ORDER, ["analytics"], _LONGEST_PAUSE_S) as order,
        httpx.AsyncClient(base_url=system.address, timeout=_ANSWER_S) as outside,
    ):
        yield [deliveries(order), batches(outside, await make_write_key(system.database_url, "chaos"))]


async def _load_and_sabotage(plan: Plan, load: Load, saboteur: Saboteur) -> None:
    async with asyncio.TaskGroup() as both:
        killing = both.create_task(saboteur.run(load.book))
        both.create_task(load.run(plan.senders, lambda: not killing.done()))
