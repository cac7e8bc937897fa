"""Kills the primaries and replicas one after the other while orders are placed and events are sent."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

import httpx
from pydantic import SecretStr

from analytics.commands import analytics_database, make_write_key
from benchmarks.scenarios.scale.fleet import Databases, Fleet
from benchmarks.scenarios.scale.recovery import Kill, Recovery, Watch, WatchedShop, recovery, watched
from chaos.scenarios.ingestion.events import CLIENT, TYPES
from chaos.scenarios.ingestion.senders import Senders, batch_endpoint
from chaos.scenarios.orders.customers import Customers, Plan
from chaos.scenarios.orders.databases import make_people, read_truth, settle
from chaos.scenarios.orders.verdict import compare_orders
from chaos.verdict import compare_ids
from cli.checks.invariants import check
from cli.dev.ports import answers
from cli.dev.postgres_pair import PostgresPair
from cli.dev.processes import SupervisedProcess
from cli.dev.server import EmbeddedServer

TURNS = 6
"""The number of steps: starting, four kills, comparing."""
_SEED = 8
_SENDERS, _PAUSE_S = 2, 0.1
"""Senders of events: enough to be measured, and few enough to leave the two cores to the orders."""
_ANSWER_S = 15.0
_LOOK_S, _MISSES = 0.5, 2
"""Seconds between looks at the primary, and failed looks in a row before the standby replaces it."""
_SENT_AGAIN = 500
_ENDLESS = 10**9

Find = Callable[[], EmbeddedServer | SupervisedProcess]
"""Returns the process to kill."""
Broken = Mapping[str, Sequence[str]]
"""Rule -> the entries that break it; only broken rules."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """The load during the kills, and its length: *window_s* before the first kill and after each."""

    customers: int
    window_s: float
    product_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class FailingOver:
    """All kills; *acknowledged* are the numbers of orders and events, all of which were looked for afterwards."""

    recoveries: Sequence[Recovery]
    acknowledged: Mapping[str, int]
    broken: Broken


async def fail_over(crowd: Crowd, databases: Databases, fleet: Fleet, on_turn: Callable[[str], None]) -> FailingOver:
    """
    Kill, observe, and compare the acknowledgements with the databases.

    Raises:
        ExceptionGroup: Of a CommandError: the standby was not promoted, or no member became the primary.
    """
    watch, victims = Watch(), _victims(databases, fleet)
    async with _clients(crowd, fleet, len(victims), watch) as (orders, events):
        kills = await _under_load(crowd.window_s, databases.postgres, (orders, events), victims, on_turn)
        on_turn("failing over: comparing")
        attempts = orders.journal.attempts
        await orders.send_again([one for one in attempts if not one.answers] + attempts[-_SENT_AGAIN:])
        broken = await _judge(fleet.environment, orders, events)
    acknowledged = {
        "orders": sum(bool(one.acknowledged) for one in attempts),
        "events": len(events.journal.acknowledged),
    }
    return FailingOver(_recoveries(kills, watch), acknowledged, broken)


def _victims(databases: Databases, fleet: Fleet) -> dict[str, Find]:
    return {
        "PostgreSQL's primary": lambda: databases.postgres.primary,
        "MongoDB's primary": databases.mongodb.primary,
        "a replica of order": lambda: fleet.replicas["order"][0],
        "a replica of product": lambda: fleet.replicas["product"][0],
    }


@asynccontextmanager
async def _clients(crowd: Crowd, fleet: Fleet, victims: int, watch: Watch) -> AsyncIterator[tuple[Customers, Senders]]:
    """Yield the customers and the senders of events, ready to begin."""
    shop = WatchedShop(fleet.environment, watch)
    address = fleet.environment["ANALYTICS_SERVICE_URL"]
    try:
        async with httpx.AsyncClient(base_url=address, timeout=_ANSWER_S) as outside:
            people = await make_people(SecretStr(fleet.environment["USER_DATABASE_URL"]))
            for person in (*people[0], people[1]):
                await shop.log_in(person)
            key = await make_write_key(fleet.environment["ANALYTICS_MONGODB_URL"], "scale")
            minutes = (victims + 1) * crowd.window_s / 60
            plan = Plan(_ENDLESS, victims, minutes, crowd.customers, _SEED)
            endpoint = watched(batch_endpoint(outside, key), watch)
            yield Customers(plan, shop, people, crowd.product_ids), Senders([endpoint], _SEED, _PAUSE_S)
    finally:
        await shop.aclose()


async def _under_load(
    window_s: float,
    postgres: PostgresPair,
    clients: tuple[Customers, Senders],
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
            await asyncio.sleep(window_s)
            victim = await asyncio.to_thread(find)
            begun = monotonic()
            await asyncio.to_thread(victim.kill)
            kills.append(Kill(name, begun, monotonic()))
    return kills


async def _promote_when_gone(postgres: PostgresPair) -> None:
    """Promote the standby, as an operator or provider does in production: the services must notice by themselves."""
    misses = 0
    while misses < _MISSES:
        await asyncio.sleep(_LOOK_S)
        misses = 0 if await asyncio.to_thread(answers, postgres.primary.port) else misses + 1
    await asyncio.to_thread(postgres.promote)


def _recoveries(kills: Sequence[Kill], watch: Watch) -> list[Recovery]:
    ends = [*(kill.begun for kill in kills[1:]), math.inf]
    return [recovery(kill, until, watch.exchanges) for kill, until in zip(kills, ends, strict=True)]


async def _judge(environment: Mapping[str, str], orders: Customers, events: Senders) -> Broken:
    """Compare the databases with each other, and with the acknowledgements."""
    invariants = await broken_invariants(environment)
    truth = await read_truth(environment)
    async with analytics_database(environment["ANALYTICS_MONGODB_URL"]) as database:
        ours = database["events"].find({"type": {"$in": list(TYPES[CLIENT])}}, {"_id": 1})
        stored = {event["_id"] async for event in ours}
    return {
        **invariants,
        **_only_broken({f"orders: {rule}": ids for rule, ids in compare_orders(orders.journal, truth).items()}),
        **_only_broken({f"events: {rule}": ids for rule, ids in compare_ids(events.journal, stored).items()}),
    }


async def broken_invariants(environment: Mapping[str, str]) -> dict[str, Sequence[str]]:
    """Wait until nothing is under way, a minute at most; returns each broken rule with its entries."""
    await settle(environment, monotonic())
    return _only_broken(await check(environment))


def _only_broken(rules: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    return {rule: ids for rule, ids in rules.items() if ids}
