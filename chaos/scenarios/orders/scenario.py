"""A run from its start to its verdict."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from time import monotonic

from pydantic import SecretStr
from rich.console import Console

from chaos.complaints import complaints
from chaos.journal import Book
from chaos.runner import showing_progress
from chaos.scenarios.orders.customers import Load, Pulse
from chaos.scenarios.orders.databases import read_truth, settle
from chaos.scenarios.orders.faults import Hit, Saboteur
from chaos.scenarios.orders.plan import Plan
from chaos.scenarios.orders.schedule import schedule
from chaos.scenarios.orders.shop import STATS, Request, Shop
from chaos.scenarios.orders.stock import make_people, make_products
from chaos.scenarios.orders.system import System, running_system
from chaos.verdict import compare, compare_counts
from cli.checks.invariants import check, read_facts
from cli.dev.polling import eventually
from cli.errors import CommandError
from cli.services import SERVICES

_START_S = 60.0
_LOOK_S = 0.1
_SENT_AGAIN = 1_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What came of a run.

    Attributes:
        load_s: Seconds from the first attempt to the end of the last.
        drained_s: Seconds from the last fault until every outbox was empty.
        settled_s: Seconds from the last fault until no order and no reservation was undecided either.
        errors: What clients got in place of answers, and how often.
        broken: Rule -> what breaks it.
    """

    pulse: Pulse
    book: Book
    hits: list[Hit]
    load_s: float
    drained_s: float
    settled_s: float
    errors: dict[str, int]
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
    console.print(f"Seed {plan.seed}; logs and data in {folder}. Starting …")
    async with running_system(folder) as system, _open_shop(system) as shop:
        people = await make_people(SecretStr(system.environment["USER_DATABASE_URL"]))
        await _until_ready(shop)
        for person in (*people[0], people[1]):
            await shop.log_in(person)
        load = Load(plan, shop, people, await make_products(shop, people[1], plan.seed))
        saboteur = Saboteur(system, shop.is_ready, plan.seed)
        async with showing_progress(console, plan.attempts, load, saboteur, shop.errors):
            over = await _load_and_sabotage(plan, load, saboteur)
        load_s = load.pulse.seconds
        console.print("The faults are over. Waiting for quiet …")
        drained_s, settled_s = await settle(system.environment, over)
        console.print("Sending orders again, and comparing …")
        await _send_again(plan, load)
        broken = await _judge(plan, system, shop, load.book, (drained_s, settled_s))
    broken["no service has logged an error"] = _complaints(system)  # now that all have ended
    return Outcome(load.pulse, load.book, saboteur.hits, load_s, drained_s, settled_s, dict(shop.errors), broken)


@asynccontextmanager
async def _open_shop(system: System) -> AsyncIterator[Shop]:
    shop = Shop(system.environment)
    try:
        yield shop
    finally:
        await shop.aclose()


async def _until_ready(shop: Shop) -> None:
    for service in SERVICES:
        if not await eventually(partial(shop.is_ready, service.name), within=_START_S):
            raise CommandError(f"{service.name} is not ready: see its log.")


async def _load_and_sabotage(plan: Plan, load: Load, saboteur: Saboteur) -> float:
    """Load the system while it is hit; gives the time when both the last attempt was begun and the last hit healed."""
    faults = schedule(plan.kills, plan.seed)
    async with asyncio.TaskGroup() as both:
        both.create_task(load.run())
        await saboteur.run(faults, load)
        while load.progress < 1:  # noqa: ASYNC110 - progress is no event
            await asyncio.sleep(_LOOK_S)
        return monotonic()  # and wait for the last attempts


async def _send_again(plan: Plan, load: Load) -> None:
    """Send what had no last word again, and some of what had."""
    entries = load.book.entries
    some = Random(plan.seed).sample(entries, min(_SENT_AGAIN, len(entries)))
    unanswered = [entry for entry in entries if not entry.answers]
    await load.send_again(list({entry.key: entry for entry in (*unanswered, *some)}.values()))


async def _judge(
    plan: Plan, system: System, shop: Shop, book: Book, quiet: tuple[float, float]
) -> dict[str, list[str]]:
    """Hold everything against everything; gives each rule with what breaks it."""
    await settle(system.environment, monotonic())
    facts, truth = await read_facts(system.environment), await read_truth(system.environment)
    stats = await shop.insist(Request("analytics", STATS))
    drained_s, settled_s = quiet
    return {
        **{f"databases: {rule}": ids for rule, ids in check(facts).items()},
        **{f"clients: {rule}": ids for rule, ids in compare(book, truth).items()},
        "clients: analytics counts every status of every order": compare_counts(
            stats.body["by_type"], (status for _order, status in facts.statuses)
        ),
        "no process ended unless it was hit": _crashes(system),
        f"every outbox was empty within {plan.drained_within_s:.0f} s": _late(drained_s, plan.drained_within_s),
        f"orders and reservations were right within {plan.settled_within_s:.0f} s": _late(
            settled_s, plan.settled_within_s
        ),
    }


def _crashes(system: System) -> list[str]:
    return [f"{name}: exit code {code}" for name, keeper in system.keepers.items() for code in keeper.crashes]


def _complaints(system: System) -> list[str]:
    return [one for name, keeper in system.keepers.items() for one in complaints(name, keeper.log)]


def _late(seconds: float, limit_s: float) -> list[str]:
    return [f"{seconds:.1f} s"] if seconds > limit_s else []
