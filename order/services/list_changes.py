"""Listing the changes of all orders as they happen, for services that push them to people."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from time import monotonic

from chassis.postgres.database import Postgres
from chassis.postgres.statements import Statement
from chassis.telemetry import tracing
from order.schemas import ChangeRead, Changes

WAIT_S = 5.0
"""How long a request waits for a change, seconds; its callers allow for more."""
LOOK_EVERY_S = 0.025
"""The pause between two looks at the table, seconds."""
LOOK_BACK = timedelta(seconds=15)
"""Where a reader without a time begins: it then misses nothing of its own beginning, nor what was committed late."""
HELD_BACK = timedelta(milliseconds=20)
"""
How old a transition must be to be listed.

It has its time before it is committed, so a later one may be visible first: a reader that has seen that one would never
ask for the earlier one. Almost every commit takes less than this time. Readers find the others with *again*.
"""

_BEGINNING = Statement("""
    SELECT least(CAST(:since AS timestamptz), statement_timestamp() - CAST(:look_back AS interval)) AS since
""")
# The ties: readers ask for what is later than the last one, so nothing of the same time may be left out. The time is
# that of the statement's beginning: of the clock, each row would be compared with a later one.
_CHANGES = Statement("""
    SELECT order_id, status, at FROM order_transitions
    WHERE at > :since AND at < statement_timestamp() - CAST(:held_back AS interval)
    ORDER BY at FETCH FIRST 500 ROWS WITH TIES
""")


async def list_changes(
    database: Postgres,
    since: datetime | None,
    is_ending: Callable[[], bool],
    *,
    again: bool = False,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    clock: Callable[[], float] = monotonic,
) -> Changes:
    """
    Return the changes after a time of this database's clock, the oldest first, and the time for the next request.

    While there are none it waits, for up to 5 s, and holds no connection between two looks. An order whose changes are
    not followed costs nothing but an entry in the index.

    Args:
        since: None: 15 s ago.
        again: List the last 15 s again, and with them what was committed late.
        is_ending: Whether the service stops, so that waiting is over.
        clock: Seconds, monotonic.
    """
    ends = clock() + WAIT_S
    if since is None or again:
        (beginning,) = await database.run(_BEGINNING, {"since": since, "look_back": LOOK_BACK})
        since = beginning["since"]
    with tracing.unrecorded():
        while not (found := await database.run(_CHANGES, {"since": since, "held_back": HELD_BACK})):
            if is_ending() or clock() >= ends:
                break
            await sleep(LOOK_EVERY_S)
    listed = [ChangeRead(order_id=row["order_id"], status=row["status"]) for row in found]
    return Changes(changes=listed, until=found[-1]["at"] if found else since)
