"""Customers order while processes and databases are killed; afterwards all databases must agree."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from random import Random
from time import monotonic

from pydantic import SecretStr
from rich.console import Console

from chaos.report import counted, show
from chaos.runner import exit_if_broken, make_folder, run, showing_progress, write_report
from chaos.scenarios.orders.chart import draw
from chaos.scenarios.orders.customers import Customers, Plan, Pulse
from chaos.scenarios.orders.databases import make_people, make_products, read_truth, settle
from chaos.scenarios.orders.faults import Saboteur, schedule
from chaos.scenarios.orders.journal import OrderJournal
from chaos.scenarios.orders.report import OrdersOutcome, orders_as_json
from chaos.scenarios.orders.shop import STATS, Request, Shop
from chaos.scenarios.orders.system import System, running_system
from chaos.scenarios.orders.verdict import compare_counts, compare_orders
from chaos.verdict import logged_errors
from cli.checks.contents import Contents
from cli.checks.invariants import check
from cli.dev.files import ROOT
from cli.dev.polling import eventually
from cli.errors import CommandError
from cli.services import SERVICES
from order.invariants import read_facts

CHART = ROOT / "docs/images/chaos.svg"
_START_S = 60.0
_LOOK_S = 0.1
_SENT_AGAIN = 1_000


def run_orders(plan: Plan, console: Console, *, keep_chart: bool) -> None:
    """Run it, print the outcome, and end with an error if a rule is broken; *keep_chart* in the documentation."""
    folder = make_folder("chaos")
    console.print(f"Seed {plan.seed}; logs and data in {folder}. Starting …")
    outcome = run(hit_under_load(plan, folder, console), folder)
    figures = orders_as_json(plan, outcome)
    write_report(folder, figures)
    with (folder / "journal.jsonl").open("w", encoding="utf-8") as journal:
        journal.writelines(json.dumps(asdict(one), default=sorted) + "\n" for one in outcome.journal.attempts)
    draw(figures, CHART if keep_chart else folder / "chaos.svg")
    rows = {name.replace("_", " "): counted(figures[name]) for name in ("outcomes", "kills", "pauses")}
    show(
        console,
        {"attempts": f"{figures['attempts']} in {figures['load_s']:.0f} s"}
        | rows
        | {"errors seen by clients": counted(figures["errors_seen_by_clients"])}
        | {"outboxes empty after": f"{figures['drained_s']} s", "nothing open after": f"{figures['settled_s']} s"},
        outcome.broken,
    )
    exit_if_broken(outcome.broken, folder, plan.seed)
    for data in ("postgres", "mongodb"):
        shutil.rmtree(folder / data)
    (folder / "secrets.json").unlink()
    console.print(f"Everything agrees. Logs, report and the clients' journal are in {folder}.")


async def hit_under_load(plan: Plan, folder: Path, console: Console) -> OrdersOutcome:
    """
    Run everything; data and logs are in *folder*.

    Raises:
        ExceptionGroup: Of a CommandError: the system does not start, or a process has not come back.
    """
    async with running_system(folder) as system, _open_shop(system) as shop:
        customers = await _make_customers(plan, system, shop)
        saboteur = Saboteur(system, shop.is_ready, plan.seed)
        describe = partial(_describe, customers.pulse, saboteur, shop)
        async with showing_progress(console, "attempts", plan.attempts, lambda: customers.pulse.over, describe):
            over = await _load_and_sabotage(plan, customers, saboteur)
        load_s = customers.pulse.seconds
        console.print("The faults are over. Waiting for quiet …")
        quiet = await settle(system.environment, over)
        console.print("Sending orders again, and comparing …")
        await _send_again(plan, customers)
        broken = await _judge(plan, system, shop, customers.journal, quiet)
    logs = [(name, supervisor.log) for name, supervisor in system.supervisors.items()]
    broken["no service has logged an error"] = [
        one for log in logs for one in logged_errors(*log)
    ]  # now that all have ended
    return OrdersOutcome(customers.pulse, customers.journal, saboteur.hits, load_s, *quiet, dict(shop.errors), broken)


@asynccontextmanager
async def _open_shop(system: System) -> AsyncIterator[Shop]:
    shop = Shop(system.environment)
    try:
        yield shop
    finally:
        await shop.aclose()


async def _make_customers(plan: Plan, system: System, shop: Shop) -> Customers:
    people = await make_people(SecretStr(system.environment["USER_DATABASE_URL"]))
    for service in SERVICES:
        if not await eventually(partial(shop.is_ready, service.name), within=_START_S):
            raise CommandError(f"{service.name} is not ready: see its log.")
    for person in (*people[0], people[1]):
        await shop.log_in(person)
    return Customers(plan, shop, people, await make_products(shop, people[1], plan.seed))


def _describe(pulse: Pulse, saboteur: Saboteur, shop: Shop) -> str:
    kills, errors = saboteur.kills.total(), shop.errors.total()
    return f"{pulse.rate:3.0f}/s, {pulse.outcomes['confirmed']} confirmed, {kills} kills, {errors} errors seen"


async def _load_and_sabotage(plan: Plan, customers: Customers, saboteur: Saboteur) -> float:
    """Load the system under faults; returns when the last attempt has begun and the last fault is healed."""
    faults = schedule(plan.kills, plan.seed)
    async with asyncio.TaskGroup() as both:
        both.create_task(customers.run())
        await saboteur.run(faults, customers)
        while customers.progress < 1:  # noqa: ASYNC110 - progress is no event
            await asyncio.sleep(_LOOK_S)
        return monotonic()  # and wait for the last attempts


async def _send_again(plan: Plan, customers: Customers) -> None:
    """Send all requests without a final answer again, and some of the others."""
    attempts = customers.journal.attempts
    some = Random(plan.seed).sample(attempts, min(_SENT_AGAIN, len(attempts)))
    unanswered = [one for one in attempts if not one.answers]
    await customers.send_again(list({one.key: one for one in (*unanswered, *some)}.values()))


async def _judge(
    plan: Plan, system: System, shop: Shop, journal: OrderJournal, quiet: tuple[float, float]
) -> dict[str, list[str]]:
    """Check all rules; returns each with the entries that break it."""
    await settle(system.environment, monotonic())
    facts, truth = await read_facts(Contents(system.environment)), await read_truth(system.environment)
    stats = await shop.insist(Request("analytics", STATS))
    drained_s, settled_s = quiet
    drained = f"every outbox was empty within {plan.drained_within_s:.0f} s"
    settled = f"orders and reservations were right within {plan.settled_within_s:.0f} s"
    return {
        **{f"databases: {rule}": ids for rule, ids in (await check(system.environment)).items()},
        **{f"clients: {rule}": ids for rule, ids in compare_orders(journal, truth).items()},
        "clients: analytics counts every status of every order": compare_counts(
            stats.body["by_type"], (status for _order, status in facts.statuses)
        ),
        "no process ended unless it was killed": _crashes(system),
        drained: _late(drained_s, plan.drained_within_s),
        settled: _late(settled_s, plan.settled_within_s),
    }


def _crashes(system: System) -> list[str]:
    supervisors = system.supervisors.items()
    return [f"{name}: exit code {code}" for name, supervisor in supervisors for code in supervisor.crashes]


def _late(seconds: float, limit_s: float) -> list[str]:
    return [f"{seconds:.1f} s"] if seconds > limit_s else []
