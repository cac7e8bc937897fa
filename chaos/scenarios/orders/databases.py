"""What the databases say in the end, as far as the clients' book can be held against it."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import Any

from chassis.mongodb.database import MongoDB
from chassis.postgres.database import Postgres
from pydantic import SecretStr
from sqlalchemy import text

from chaos.scenarios.orders.shop import ORDERS
from chassis.core.errors import AppError
from cli.checks.counts import uncounted
from cli.services import SERVICES

_LOOK_S = 0.1
_PATIENCE_S = 60.0

_KEYS = "SELECT key, resource_id FROM idempotency_keys WHERE operation = :operation"
_ORDERS = "SELECT id, status, cause FROM orders"
_SUPPLIED = """SELECT product_id, sum(quantity)::bigint FROM stock_movements
    WHERE kind IN ('initial', 'adjustment') GROUP BY 1"""
_DELIVERIES = "SELECT reason FROM stock_movements WHERE kind = 'adjustment'"
_OPEN = {
    "order": "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM orders WHERE status = 'pending')",
    "product": "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM reservations WHERE state = 'reserved')",
    "user": "SELECT (SELECT count(*) FROM outbox), 0",
}
"""How many events are not delivered yet, and how many orders or reservations are not decided."""


@dataclass(frozen=True, slots=True)
class Truth:
    """
    What the databases say.

    Attributes:
        keys: Idempotency-Key -> order.
        orders: Order -> status and cause.
        supplied: Product -> units that have ever come, beside those that orders gave back.
        deliveries: Reason of a delivery -> how often it stands in the ledger.
    """

    keys: dict[str, str] = field(default_factory=dict)
    orders: dict[str, tuple[str, str]] = field(default_factory=dict)
    supplied: dict[str, int] = field(default_factory=dict)
    deliveries: Counter[str] = field(default_factory=Counter)


async def read_truth(environment: Mapping[str, str]) -> Truth:
    """Read the databases of orders and products."""
    keys, orders = await _rows(environment, "order", _KEYS, _ORDERS, operation=f"POST {ORDERS}")
    supplied, deliveries = await _rows(environment, "product", _SUPPLIED, _DELIVERIES)
    return Truth(
        {key: str(order) for key, order in keys},
        {str(order): (status, cause) for order, status, cause in orders},
        {str(product): units for product, units in supplied},
        Counter(reason for (reason,) in deliveries),
    )


async def settle(environment: Mapping[str, str], since: float) -> tuple[float, float]:
    """
    Wait until all is decided, delivered and counted, a minute at most.

    Args:
        since: From when seconds are counted, on the monotonic clock.

    Returns:
        The seconds until every outbox was empty for the first time, and until nothing at all was open. Infinite for
        what did not happen.
    """
    ends, drained_s = monotonic() + _PATIENCE_S, inf
    while monotonic() < ends:
        passed = monotonic() - since
        waiting, undecided = await _count_open(environment)
        drained_s = drained_s if waiting else min(drained_s, passed)
        if not waiting and not undecided:
            return drained_s, passed
        await asyncio.sleep(_LOOK_S)
    return drained_s, inf


async def _count_open(environment: Mapping[str, str]) -> tuple[int, int]:
    """Count undelivered events, and what is undecided or uncounted; a database that is not there has some of both."""
    try:
        counts = [(await _rows(environment, service, statement))[0][0] for service, statement in _OPEN.items()]
        arrivals = await _count_arrivals(environment)
    except AppError:
        return 1, 1
    return sum(count[0] for count in counts), sum(count[1] for count in counts) + arrivals


async def _count_arrivals(environment: Mapping[str, str]) -> int:
    """Count the batches of events that analytics has stored and not counted yet."""
    database = MongoDB(SecretStr(environment["ANALYTICS_MONGODB_URL"]), "chaos")
    await database.open()
    try:
        async with database.use() as collections:
            return len(await uncounted(collections))
    finally:
        await database.close()


async def _rows(environment: Mapping[str, str], service: str, *statements: str, **values: str) -> list[list[Any]]:
    variable = next(one.store_variable for one in SERVICES if one.name == service)
    database = Postgres(SecretStr(environment[variable]), "chaos")
    await database.open()
    try:
        async with database.transaction() as session:
            return [list((await session.execute(text(one), values)).all()) for one in statements]
    finally:
        await database.close()
