"""Events are sent, late and repeatedly, while the database's members and workers are killed; each must count once."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic

import httpx
import structlog
from rich.console import Console

from analytics.commands import analytics_database, make_write_key
from chaos.journal import EventJournal
from chaos.report import Broken, counted, show
from chaos.runner import exit_if_broken, make_folder, run, showing_progress, write_report
from chaos.scenarios.ingestion.events import ORDER, read_tally
from chaos.scenarios.ingestion.faults import Plan, Saboteur, System, running_system
from chaos.scenarios.ingestion.senders import Endpoint, Senders, batch_endpoint, inbox_endpoint
from chaos.verdict import compare_events
from chassis.core.errors import DatabaseUnavailable
from cli.client import client
from cli.dev.polling import eventually

_PAUSE_S = 0.05
_ANSWER_S = 15.0
"""The timeout of a client."""
_BREAKER_PAUSE_S = 0.5
"""The pause of the order service's breaker for analytics: events should be sent again soon after a failure."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    The outcome of a run.

    Attributes:
        counted_s: Seconds from the last acknowledgement until all was counted, or until the wait timed out.
        broken: Rule -> the entries that break it.
    """

    journal: EventJournal
    kills: dict[str, int]
    counted_s: float
    broken: Broken


def run_ingestion(plan: Plan, console: Console) -> None:
    """Run it, print the outcome, and end the program with an error if a rule is broken."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))  # errors are counted
    folder = make_folder("ingestion")
    console.print(f"Seed {plan.seed}; logs and data in {folder}. Starting …")
    outcome = run(kill_under_load(plan, folder, console), folder)
    rows = {
        "events acknowledged": f"{len(outcome.journal.acknowledged):,}",
        "kills": counted(outcome.kills),
        "errors seen by senders": counted(dict(outcome.journal.errors.most_common())),
        "all counted after": f"{outcome.counted_s:.1f} s",
    }
    show(console, rows, outcome.broken)
    write_report(folder, outcome.broken)
    exit_if_broken(outcome.broken, folder, plan.seed)
    shutil.rmtree(folder)


async def kill_under_load(plan: Plan, folder: Path, console: Console) -> Outcome:
    """
    Run everything; data and logs are in *folder*.

    Raises:
        CommandError: The system does not start.
        ExceptionGroup: Of a CommandError: a process has not come back.
    """
    async with running_system(folder, plan.members) as system, _endpoints(system) as endpoints:
        senders = Senders(endpoints, plan.seed, _PAUSE_S)
        saboteur = Saboteur(system, plan)
        describe = partial(_describe, senders.journal)
        async with showing_progress(console, "kills", plan.kills, saboteur.kills.total, describe):
            await _load_and_sabotage(plan, senders, saboteur)
        console.print("The kills are over. Waiting until all is counted …")
        began = monotonic()
        broken = await until_counted(system.database_url, senders.journal, plan.counted_within_s)
        broken["no process ended unless it was killed"] = [f"exit code {code}" for code in system.supervisor.crashes]
        broken["no request failed with an unhandled error"] = system.unhandled_errors()
    return Outcome(senders.journal, dict(saboteur.kills), monotonic() - began, broken)


async def until_counted(url: str, journal: EventJournal, within_s: float) -> dict[str, list[str]]:
    """Compare the database with the sent events until they agree or time is up; returns each rule's breaches."""
    broken = dict[str, list[str]]()

    async def agree() -> bool:
        try:
            async with analytics_database(url) as database:
                broken.update(compare_events(journal, await read_tally(database)))
        except DatabaseUnavailable:  # its members may still elect a primary
            return False
        return not any(broken.values())

    await eventually(agree, within=within_s)
    return broken


@asynccontextmanager
async def _endpoints(system: System) -> AsyncIterator[list[Endpoint]]:
    async with (
        client(system.environment, ORDER, ["analytics"], _BREAKER_PAUSE_S) as order,
        httpx.AsyncClient(base_url=system.address, timeout=_ANSWER_S) as outside,
    ):
        yield [inbox_endpoint(order), batch_endpoint(outside, await make_write_key(system.database_url, "chaos"))]


def _describe(journal: EventJournal) -> str:
    return f"{len(journal.acknowledged):,} events acknowledged, {journal.errors.total()} errors seen"


async def _load_and_sabotage(plan: Plan, senders: Senders, saboteur: Saboteur) -> None:
    async with asyncio.TaskGroup() as both:
        killing = both.create_task(saboteur.run(senders.journal))
        both.create_task(senders.run(plan.senders, lambda: not killing.done()))
