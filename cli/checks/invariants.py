"""`bin/cli invariants`: checks that orders, reservations, the stock ledger and the counted events agree."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text

from chassis.mongodb.database import MongoDB
from chassis.postgres.database import Postgres
from cli.checks.counts import miscounted, uncounted
from cli.databases import opened
from cli.dev.console import say
from cli.environment import store_url, use_running_stack
from cli.errors import CommandError
from cli.services import SERVICES
from product.expiries import KEEP_RESERVATIONS

SHOWN = 5
"""How many ids are printed for each rule."""

_HELD_AS = {"confirmed": "committed", "fulfilled": "fulfilled"}
"""Status of a valid order -> state of its reservation."""

Lines = dict[str, int]
"""Product -> units."""


@dataclass(frozen=True, slots=True)
class Facts:
    """
    The contents of the databases, read one after the other: they agree only while no request is in progress.

    Attributes:
        orders: Order -> status.
        owners: Order -> user.
        aged: Orders so old that a closed reservation has been deleted.
        lines: Order -> ordered products.
        statuses: Order -> every status it had, except pending.
        keyed: Orders that were stored with an Idempotency-Key.
        reservations: Order -> state.
        reserved: Order -> reserved products.
        ledger: Order -> products that it holds by the stock ledger.
        wrong_totals: Orders whose total is not the sum of their lines.
        wrong_stock: Products whose stock is negative or not the sum of their ledger.
        wrong_held: Products whose held units are not those of their open reservations.
        events: (type, subject) -> how often analytics has it.
        users: User -> whether the account is deleted.
        waiting: Events in outboxes, including dead letters.
        uncounted: Marks of dirty minutes in analytics that are still to be counted.
        miscounted: Days and types whose counts in analytics differ from the events.
    """

    orders: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    aged: set[str] = field(default_factory=set)
    lines: dict[str, Lines] = field(default_factory=dict)
    statuses: set[tuple[str, str]] = field(default_factory=set)
    keyed: set[str] = field(default_factory=set)
    reservations: dict[str, str] = field(default_factory=dict)
    reserved: dict[str, Lines] = field(default_factory=dict)
    ledger: dict[str, Lines] = field(default_factory=dict)
    wrong_totals: list[str] = field(default_factory=list)
    wrong_stock: list[str] = field(default_factory=list)
    wrong_held: list[str] = field(default_factory=list)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    users: dict[str, bool] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    uncounted: list[str] = field(default_factory=list)
    miscounted: list[str] = field(default_factory=list)


def invariants() -> None:
    """Compare the four databases; prints the differences and exits 1 if they do not agree."""
    broken = check(asyncio.run(read_facts(use_running_stack())))
    for rule, ids in broken.items():
        shown = ", ".join(ids[:SHOWN]) + (", …" if len(ids) > SHOWN else "")
        say(f"[red]✗[/red] {rule}; {len(ids)} differ: {shown}" if ids else f"[green]✓[/green] {rule}")
    if any(broken.values()):
        raise CommandError("The databases do not agree.")


def check(facts: Facts) -> dict[str, list[str]]:
    """Return each rule with the ids that break it; call it while no request is in progress."""
    held = {order: _HELD_AS[status] for order, status in facts.orders.items() if status in _HELD_AS}
    reached = facts.statuses | {one for one in facts.orders.items() if one[1] != "pending"}
    announced = {(f"order.{status}", order) for order, status in reached}
    erased = {(kind, order) for kind, order in announced if facts.users.get(facts.owners.get(order, ""))}
    counted = {one for one in facts.events if one[0].startswith("order.")}
    registered = {("user.registered", user) for user, deleted in facts.users.items() if not deleted}
    return {
        "no order is pending": [order for order, status in facts.orders.items() if status == "pending"],
        "the order of every key is there": sorted(facts.keyed - facts.orders.keys()),
        "an order's total is the sum of its lines": facts.wrong_totals,
        "stock is the sum of its ledger and not negative": facts.wrong_stock,
        "a product's held units are those of its open reservations": facts.wrong_held,
        "a valid order holds exactly its units": _wrong_holdings(facts, held),
        "nothing else holds units": sorted(_holders(facts) - held.keys()),
        "every status of an order is counted in analytics": _named(announced - erased - counted),
        "analytics counts only statuses that orders had": _named(counted - announced),
        "every account is counted in analytics": _named(registered - facts.events.keys()),
        "no event that happens once is counted twice": _named(one for one, times in facts.events.items() if times > 1),
        "every outbox is empty": facts.waiting,
        "analytics has counted all stored events": facts.uncounted,
        "analytics' counts are those of its events": facts.miscounted,
    }


def _holders(facts: Facts) -> set[str]:
    by_state = {order for order, state in facts.reservations.items() if state in {"reserved", "committed", "fulfilled"}}
    return by_state | {order for order, units in facts.ledger.items() if any(units.values())}


def _wrong_holdings(facts: Facts, held: Mapping[str, str]) -> list[str]:
    return [order for order, state in sorted(held.items()) if not _holds_its_units(facts, order, state)]


def _holds_its_units(facts: Facts, order: str, state: str) -> bool:
    lines, ledger = facts.lines.get(order), facts.ledger.get(order)
    if state == "fulfilled" and order in facts.aged and order not in facts.reservations:
        return lines == ledger
    return facts.reservations.get(order) == state and lines == facts.reserved.get(order) == ledger


def _named(events: Iterable[tuple[str, str]]) -> list[str]:
    return sorted(f"{event_type} {subject}" for event_type, subject in events)


async def read_facts(environment: Mapping[str, str]) -> Facts:
    """Read all four databases, whose addresses are in *environment*."""
    facts = Facts()
    urls = {service.name: store_url(service, environment) for service in SERVICES}
    for service, (statements, read) in _READ.items():
        *rows, waiting = await _rows(urls[service], (*statements, _OUTBOX))
        read(facts, rows)
        facts.waiting.extend(f"{service}: {event} for {listener}" for event, listener in waiting)
    await _read_events(facts, urls["analytics"])
    return facts


_ORDERS = (
    f"SELECT id, user_id, status, created_at < now() - interval '{KEEP_RESERVATIONS.days} days' FROM orders",  # noqa: S608 - a number of ours
    "SELECT order_id, product_id, quantity FROM order_lines",
    "SELECT order_id, status FROM order_transitions WHERE status <> 'pending'",
    "SELECT resource_id FROM idempotency_keys WHERE resource_id IS NOT NULL",
    """SELECT id FROM orders JOIN order_lines ON order_id = id WHERE total_price_minor IS NOT NULL
        GROUP BY id HAVING total_price_minor IS DISTINCT FROM sum(quantity * unit_price_minor)""",
)
_PRODUCTS = (
    "SELECT order_id, state FROM reservations",
    "SELECT order_id, product_id, quantity FROM reservation_lines",
    "SELECT order_id, product_id, -sum(quantity)::bigint FROM stock_movements WHERE order_id IS NOT NULL GROUP BY 1, 2",
    """SELECT id FROM products LEFT JOIN
        (SELECT product_id, sum(quantity) AS moved FROM stock_movements GROUP BY 1) AS ledger ON product_id = id
        WHERE stock < 0 OR stock <> coalesce(moved, 0)""",
    """SELECT id FROM products LEFT JOIN
        (SELECT product_id, sum(quantity) AS units FROM reservation_lines JOIN reservations USING (order_id)
            WHERE state IN ('reserved', 'committed') GROUP BY 1) AS open ON product_id = id
        WHERE held <> coalesce(units, 0)""",
)
_USERS = ("SELECT id, deleted_at IS NOT NULL FROM users",)
_ONCE = {"type": {"$regex": r"^(order\.|user\.registered$)"}, "subject": {"$ne": None}}
"""Types of events that occur once for each subject."""
_OUTBOX = "SELECT event_id, listener FROM outbox"


async def _rows(url: SecretStr, statements: Iterable[str]) -> list[list[Any]]:
    """Run statements in one snapshot."""
    async with opened(Postgres(url, "invariants")) as database, database.transaction() as session:
        await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        return [list((await session.execute(text(one))).all()) for one in statements]


def _read_orders(facts: Facts, rows: list[list[Any]]) -> None:
    orders, lines, transitions, keys, wrong = rows
    for order, user, status, is_aged in orders:
        facts.orders[str(order)], facts.owners[str(order)] = status, str(user)
        if is_aged:
            facts.aged.add(str(order))
    _collect(facts.lines, lines)
    facts.statuses.update((str(order), status) for order, status in transitions)
    facts.keyed.update(str(order) for (order,) in keys)
    facts.wrong_totals.extend(str(order) for (order,) in wrong)


def _read_products(facts: Facts, rows: list[list[Any]]) -> None:
    reservations, lines, ledger, wrong_stock, wrong_held = rows
    facts.reservations.update({str(order): state for order, state in reservations})
    _collect(facts.reserved, lines)
    _collect(facts.ledger, ledger)
    facts.wrong_stock.extend(str(product) for (product,) in wrong_stock)
    facts.wrong_held.extend(str(product) for (product,) in wrong_held)


def _read_users(facts: Facts, rows: list[list[Any]]) -> None:
    (users,) = rows
    facts.users.update({str(user): deleted for user, deleted in users})


_READ: dict[str, tuple[tuple[str, ...], Callable[[Facts, list[list[Any]]], None]]] = {
    "order": (_ORDERS, _read_orders),
    "product": (_PRODUCTS, _read_products),
    "user": (_USERS, _read_users),
}
"""Service -> the queries on its database besides the outbox, and the function that reads their rows."""


def _collect(into: dict[str, Lines], rows: Iterable[tuple[Any, Any, int]]) -> None:
    for order, product, units in rows:
        into.setdefault(str(order), {})[str(product)] = units


async def _read_events(facts: Facts, url: SecretStr) -> None:
    async with opened(MongoDB(url, "invariants")) as database, database.use() as collections:
        async for event in collections["events"].find(_ONCE, {"type": 1, "subject": 1}):
            facts.events[event["type"], event["subject"]] += 1
        facts.miscounted.extend(await miscounted(collections))
        facts.uncounted.extend(await uncounted(collections))
