"""Kills the primaries and replicas one after the other while orders are placed and events are sent."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from time import monotonic

import httpx
from pydantic import SecretStr

from benchmarks.scenarios.scale.figures import Broken, FailingOver, Kill, Recovery, recovery
from benchmarks.scenarios.scale.fleet import Fleet
from benchmarks.scenarios.scale.invariants import broken_invariants, only_broken
from benchmarks.scenarios.scale.plan import Plan
from benchmarks.scenarios.scale.recovery import Watch, WatchedShop, watched
from benchmarks.scenarios.scale.stores import Databases
from chaos.scenarios.ingestion.endpoints import batches
from chaos.scenarios.ingestion.events import CLIENT, TYPES
from chaos.scenarios.ingestion.senders import Load as Events
from chaos.scenarios.ingestion.verdict import compare_ids
from chaos.scenarios.orders.customers import Load as Orders
from chaos.scenarios.orders.databases import read_truth
from chaos.scenarios.orders.plan import Plan as OrdersPlan
from chaos.scenarios.orders.stock import make_people
from chaos.verdict import compare
from cli.dev.ports import answers
from cli.dev.postgres_pair import PostgresPair
from cli.dev.processes import SupervisedProcess
from cli.dev.server import EmbeddedServer
from cli.mongodb import make_write_key, opened

_SEED = 8
_SENDERS, _PAUSE_S = 2, 0.1
"""Of events: they shall be there, and leave the two cores to the orders."""
_ANSWER_S = 15.0
_LOOK_S, _MISSES = 0.5, 2
"""How often the primary is looked for, and how often in a row it must be missed before the standby takes its place."""
_SENT_AGAIN = 500
_ENDLESS = 10**9

Find = Callable[[], EmbeddedServer | SupervisedProcess]
"""Gives whom to kill."""


async def fail_over(
    plan: Plan, databases: Databases, fleet: Fleet, product_ids: Sequence[str], on_turn: Callable[[str], None]
) -> FailingOver:
    """
    Kill, watch, and hold what was acknowledged against the databases.

    Raises:
        ExceptionGroup: Of a CommandError: the standby was not promoted, or no member became the primary.
    """
    watch, victims = Watch(), _victims(databases, fleet)
    async with _clients(plan, fleet, len(victims), product_ids, watch) as (orders, events):
        kills = await _under_load(plan, databases.postgres, (orders, events), victims, on_turn)
        on_turn("failing over: comparing")
        entries = orders.book.entries
        await orders.send_again([entry for entry in entries if not entry.answers] + entries[-_SENT_AGAIN:])
        broken = await _judge(fleet.environment, orders, events)
    told = {"orders": sum(bool(entry.told) for entry in entries), "events": len(events.book.acknowledged)}
    return FailingOver(_recoveries(kills, watch), told, broken)


def _victims(databases: Databases, fleet: Fleet) -> dict[str, Find]:
    return {
        "PostgreSQL's primary": lambda: databases.postgres.primary,
        "MongoDB's primary": databases.mongodb.primary,
        "a replica of order": lambda: fleet.replicas["order"][0],
        "a replica of product": lambda: fleet.replicas["product"][0],
    }


@asynccontextmanager
async def _clients(
    plan: Plan, fleet: Fleet, victims: int, product_ids: Sequence[str], watch: Watch
) -> AsyncIterator[tuple[Orders, Events]]:
    """Give those who order and those who send events, ready to begin."""
    shop = WatchedShop(fleet.environment, watch)
    address = fleet.environment["ANALYTICS_SERVICE_URL"]
    try:
        async with httpx.AsyncClient(base_url=address, timeout=_ANSWER_S) as outside:
            people = await make_people(SecretStr(fleet.environment["USER_DATABASE_URL"]))
            for person in (*people[0], people[1]):
                await shop.log_in(person)
            key = await make_write_key(fleet.environment["ANALYTICS_MONGODB_URL"], "scale")
            minutes = (victims + 1) * plan.window_s / 60
            orders = OrdersPlan(_ENDLESS, victims, minutes, plan.customers, _SEED)
            door = watched(batches(outside, key), watch)
            yield Orders(orders, shop, people, product_ids), Events([door], _SEED, _PAUSE_S)
    finally:
        await shop.aclose()


async def _under_load(
    plan: Plan,
    postgres: PostgresPair,
    clients: tuple[Orders, Events],
    victims: Mapping[str, Find],
    on_turn: Callable[[str], None],
) -> list[Kill]:
    """Kill one after the other."""
    orders, events = clients
    kills = list[Kill]()
    async with asyncio.TaskGroup() as group:
        group.create_task(orders.run())
        group.create_task(events.run(_SENDERS, lambda: orders.progress < 1))
        group.create_task(_promote_when_gone(postgres))
        for name, find in victims.items():
            on_turn(f"failing over: soon without {name}")
            await asyncio.sleep(plan.window_s)
            victim = await asyncio.to_thread(find)
            begun = monotonic()
            await asyncio.to_thread(victim.kill)
            kills.append(Kill(name, begun, monotonic()))
    return kills


async def _promote_when_gone(postgres: PostgresPair) -> None:
    """Do what an operator or a provider does in production: the services only find out."""
    misses = 0
    while misses < _MISSES:
        await asyncio.sleep(_LOOK_S)
        misses = 0 if await asyncio.to_thread(answers, postgres.primary.port) else misses + 1
    await asyncio.to_thread(postgres.promote)


def _recoveries(kills: Sequence[Kill], watch: Watch) -> list[Recovery]:
    ends = [*(kill.begun for kill in kills[1:]), math.inf]
    return [recovery(kill, until, watch.exchanges) for kill, until in zip(kills, ends, strict=True)]


async def _judge(environment: Mapping[str, str], orders: Orders, events: Events) -> Broken:
    """Hold the databases against each other, and against what was acknowledged."""
    invariants = await broken_invariants(environment)
    truth = await read_truth(environment)
    async with opened(environment["ANALYTICS_MONGODB_URL"]) as database:
        ours = database["events"].find({"type": {"$in": list(TYPES[CLIENT])}}, {"_id": 1})
        stored = {event["_id"] async for event in ours}
    return {
        **invariants,
        **only_broken({f"orders: {rule}": ids for rule, ids in compare(orders.book, truth).items()}),
        **only_broken({f"events: {rule}": ids for rule, ids in compare_ids(events.book, stored).items()}),
    }
