"""The databases of a run: the accounts and products at its start, and the content at its end."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from random import Random
from time import monotonic
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text

from analytics.invariants import uncounted
from chaos.scenarios.orders.shop import ORDERS, PRODUCTS, Person, Request, Shop
from chassis.core.errors import AppError
from chassis.core.types import new_id
from chassis.idempotency.dependency import IdempotencyKey
from chassis.mongodb.database import MongoDB
from chassis.postgres.database import Postgres
from cli.dev.secrets import make_password
from cli.services import SERVICES
from user.client import Client
from user.mail.outgoing import no_mail
from user.schemas import UserAdd
from user.services.add_user import add_user
from user.settings import Settings

_PEOPLE = 50
_PRODUCTS = 24
_STOCK = 30
"""Initial units of each product; admins restock now and then."""
_LOOK_S = 0.1
_PATIENCE_S = 60.0

_KEYS = "SELECT key, resource_id FROM idempotency_keys WHERE operation = :operation"
_ORDERS = "SELECT id, status, cause FROM orders"
_SUPPLIED = """SELECT product_id, sum(quantity)::bigint FROM stock_movements
    WHERE kind IN ('initial', 'adjustment') GROUP BY 1"""
_RESTOCKS = "SELECT reason FROM stock_movements WHERE kind = 'adjustment'"
_OPEN = {
    "order": "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM orders WHERE status = 'pending')",
    "product": "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM reservations WHERE state = 'reserved')",
    "user": "SELECT (SELECT count(*) FROM outbox), 0",
}
"""The numbers of undelivered events, and of undecided orders or reservations."""


async def make_people(url: SecretStr) -> tuple[list[Person], Person]:
    """Create the accounts of customers and of an admin directly in the user service's database."""
    database = Postgres(url, Settings.service_name)  # the source of their events
    await database.open()
    try:
        customers = [await _make(database, f"customer-{number}", "user") for number in range(_PEOPLE)]
        return customers, await _make(database, "admin", "admin")
    finally:
        await database.close()


async def _make(database: Postgres, name: str, role: str) -> Person:
    password = make_password()
    new = UserAdd.model_validate({"username": name, "email": f"{name}@example.org", "password": password, "role": role})
    post = no_mail(database, Client(user_agent="chaos"))
    await add_user(database, IdempotencyKey(database, None), post, new, actor_id=None)
    return Person(name, password)


async def make_products(shop: Shop, admin: Person, seed: int) -> list[str]:
    """Create the products; returns their ids."""
    random, ids = Random(seed), list[str]()
    for number in range(_PRODUCTS):
        product = {"name": f"Product {number}", "price": random.randint(1, 9999) / 100, "stock": _STOCK}
        reply = await shop.insist(Request("product", PRODUCTS, product, admin, str(new_id())))
        ids.append(reply.body["id"])
    return ids


@dataclass(frozen=True, slots=True)
class Truth:
    """
    The content of the databases.

    Attributes:
        keys: Idempotency-Key -> order.
        orders: Order -> status and cause.
        supplied: Product -> all units ever added, without those that orders returned.
        restocks: Reason of a restock -> how often it is in the ledger.
    """

    keys: dict[str, str] = field(default_factory=dict)
    orders: dict[str, tuple[str, str]] = field(default_factory=dict)
    supplied: dict[str, int] = field(default_factory=dict)
    restocks: Counter[str] = field(default_factory=Counter)


async def read_truth(environment: Mapping[str, str]) -> Truth:
    """Read the databases of orders and products."""
    keys, orders = await _rows(environment, "order", _KEYS, _ORDERS, operation=f"POST {ORDERS}")
    supplied, restocks = await _rows(environment, "product", _SUPPLIED, _RESTOCKS)
    return Truth(
        {key: str(order) for key, order in keys},
        {str(order): (status, cause) for order, status, cause in orders},
        {str(product): units for product, units in supplied},
        Counter(reason for (reason,) in restocks),
    )


async def settle(environment: Mapping[str, str], since: float) -> tuple[float, float]:
    """
    Wait until all is decided, delivered and counted, a minute at most.

    Args:
        since: The start of the measured time, on the monotonic clock.

    Returns:
        The seconds until every outbox was first empty, and until nothing at all was open. Infinite for
        a state that was not reached.
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
    """Count undelivered events, and undecided or uncounted items; an unreachable database counts as having some."""
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
