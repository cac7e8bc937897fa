"""An outbox with many waiting events: how fast it drains, and whether the events of a subject stay in order."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pymongo import MongoClient

from analytics.models import EVENTS
from benchmarks.runner import DoesNotWork, Side
from benchmarks.scenarios.growth.filling import Connection
from benchmarks.scenarios.growth.stacks import Stack, do_each
from chassis.mongodb.database import Document
from cli.dev.polling import eventually

_CANCELLED = 20
_FIRST_S = 120.0
"""How long the relay may take to deliver the first events: its pauses, and the consumer's start."""
_SETTLED = 1_000
"""Events delivered before the rate is measured: by then the relay sends full batches."""
_LAST = """
    SELECT aggregate FROM outbox JOIN orders ON orders.id = CAST(aggregate AS uuid)
    WHERE position BETWEEN $1::bigint - 2000 AND $1 AND status = 'confirmed' LIMIT $2
"""
_FIRST_WAITING = "SELECT min(position) FROM outbox WHERE listener = 'analytics' AND dead_at IS NULL"


@dataclass(frozen=True, slots=True)
class Drain:
    """The rate at which a side delivers waiting events; *waiting* is their number at the start."""

    side: str
    waiting: int
    per_second: float


def measure_drain(stack: Stack, waiting: int, seconds: float) -> Drain:
    """
    Measure for some seconds how many events are delivered.

    Raises:
        DoesNotWork: Hardly any is delivered in two minutes.
    """
    return Drain(stack.databases.side, waiting, asyncio.run(_rate(stack, seconds)))


async def _rate(stack: Stack, seconds: float) -> float:
    async with stack.databases.open("order") as connection:
        first, last = await _first_waiting(connection), await connection.fetchval("SELECT max(position) FROM outbox")

        async def has_begun() -> bool:
            return await _first_waiting(connection, last) >= first + _SETTLED

        if not await eventually(has_begun, within=_FIRST_S):
            raise DoesNotWork(f"{stack.databases.side}: waiting events are not delivered")
        begun, before = time.perf_counter(), await _first_waiting(connection, last)
        await asyncio.sleep(seconds)
        after, took = await _first_waiting(connection, last), time.perf_counter() - begun
        return (after - before) / took


async def _first_waiting(connection: Connection, otherwise: int = 0) -> int:
    """Return the position of the earliest waiting event: the relay takes them in this order."""
    position = await connection.fetchval(_FIRST_WAITING)
    return otherwise if position is None else int(position)


def cancel_waiting(stack: Stack, admin: Side) -> list[str]:
    """Cancel orders whose confirmation waits at the end of the outbox; returns their ids."""
    ids = asyncio.run(_last_subjects(stack))
    do_each(admin, [f"cancel {one}" for one in ids])
    return ids


async def _last_subjects(stack: Stack) -> list[str]:
    async with stack.databases.open("order") as connection:
        last = await connection.fetchval("SELECT max(position) FROM outbox")
        return [row["aggregate"] for row in await connection.fetch(_LAST, last, _CANCELLED)]


def out_of_order(stack: Stack, subjects: Sequence[str]) -> list[str]:
    """Deliver the events of these subjects, without the others; returns those of which a later one arrived first."""
    asyncio.run(_skip_others(stack, subjects))
    stack.databases.wait_for_events()
    with MongoClient[Document](stack.databases.urls["ANALYTICS_MONGODB_URL"], tz_aware=True) as client:
        events = client.get_default_database()[EVENTS]
        arrived = {one: list(events.find({"subject": one}).sort("received_at", 1)) for one in subjects}
    return [one for one, found in arrived.items() if not _is_in_order(found)]


async def _skip_others(stack: Stack, subjects: Sequence[str]) -> None:
    """Delete the events that need not be delivered any more; along an index, because scans are counted."""
    async with stack.databases.open("order") as connection:
        await connection.execute("SET enable_seqscan = off")
        await connection.execute(
            "DELETE FROM outbox WHERE listener = 'analytics' AND dead_at IS NULL AND aggregate <> ALL($1::text[])",
            list(subjects),
        )


def _is_in_order(events: Sequence[Document]) -> bool:
    confirmed, cancelled = (
        [one for one in events if one["type"] == f"order.{what}"] for what in ("confirmed", "cancelled")
    )
    return len(confirmed) == len(cancelled) == 1 and confirmed[0]["received_at"] < cancelled[0]["received_at"]
