"""The rules about orders that `bin/cli invariants` checks: they agree with reservations, stock and counted events."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cli.checks.contents import Contents, Rules, named, repeated

RESERVATIONS_KEPT_DAYS = 30
"""As in ``product/expiries.py``: then product deletes a closed reservation."""
_HELD_AS = {"confirmed": "committed", "fulfilled": "fulfilled"}
"""Status of a valid order -> state of its reservation."""

Lines = dict[str, int]
"""Product -> units."""

_ORDERS = (
    f"SELECT id, user_id, status, created_at < now() - interval '{RESERVATIONS_KEPT_DAYS} days' FROM orders",  # noqa: S608 - a number of ours
    "SELECT order_id, product_id, quantity FROM order_lines",
    "SELECT order_id, status FROM order_transitions WHERE status <> 'pending'",
    "SELECT resource_id FROM idempotency_keys WHERE resource_id IS NOT NULL",
    """SELECT id FROM orders JOIN order_lines ON order_id = id WHERE total_price_minor IS NOT NULL
        GROUP BY id HAVING total_price_minor IS DISTINCT FROM sum(quantity * unit_price_minor)""",
)
_RESERVATIONS = (
    "SELECT order_id, state FROM reservations",
    "SELECT order_id, product_id, quantity FROM reservation_lines",
    "SELECT order_id, product_id, -sum(quantity)::bigint FROM stock_movements WHERE order_id IS NOT NULL GROUP BY 1, 2",
)
_DELETED = "SELECT id FROM users WHERE deleted_at IS NOT NULL"


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
        wrong_totals: Orders whose total is not the sum of their lines.
        reservations: Order -> state.
        reserved: Order -> reserved products.
        ledger: Order -> products that it holds by the stock ledger.
        deleted: Users whose accounts are deleted.
        events: (type, subject) -> how often analytics has it.
    """

    orders: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    aged: set[str] = field(default_factory=set)
    lines: dict[str, Lines] = field(default_factory=dict)
    statuses: set[tuple[str, str]] = field(default_factory=set)
    keyed: set[str] = field(default_factory=set)
    wrong_totals: list[str] = field(default_factory=list)
    reservations: dict[str, str] = field(default_factory=dict)
    reserved: dict[str, Lines] = field(default_factory=dict)
    ledger: dict[str, Lines] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)


async def check(contents: Contents) -> Rules:
    """Return each rule with the entries that break it."""
    return compare(await read_facts(contents))


async def read_facts(contents: Contents) -> Facts:
    """Read the databases of order, product, user and analytics."""
    orders, lines, transitions, keys, wrong = await contents.rows("order", *_ORDERS)
    reservations, reserved, ledger = await contents.rows("product", *_RESERVATIONS)
    (deleted,) = await contents.rows("user", _DELETED)
    return Facts(
        orders={str(order): status for order, _, status, _ in orders},
        owners={str(order): str(user) for order, user, _, _ in orders},
        aged={str(order) for order, _, _, is_aged in orders if is_aged},
        lines=_by_order(lines),
        statuses={(str(order), status) for order, status in transitions},
        keyed={str(order) for (order,) in keys},
        wrong_totals=[str(order) for (order,) in wrong],
        reservations={str(order): state for order, state in reservations},
        reserved=_by_order(reserved),
        ledger=_by_order(ledger),
        deleted={str(user) for (user,) in deleted},
        events=await contents.events(r"^order\."),
    )


def compare(facts: Facts) -> Rules:
    """Return each rule with the entries that break it."""
    held = {order: _HELD_AS[status] for order, status in facts.orders.items() if status in _HELD_AS}
    reached = facts.statuses | {one for one in facts.orders.items() if one[1] != "pending"}
    announced = {(f"order.{status}", order) for order, status in reached}
    erased = {(kind, order) for kind, order in announced if facts.owners.get(order) in facts.deleted}
    return {
        "no order is pending": [order for order, status in facts.orders.items() if status == "pending"],
        "the order of every key is there": sorted(facts.keyed - facts.orders.keys()),
        "an order's total is the sum of its lines": facts.wrong_totals,
        "a valid order holds exactly its units": _wrong_holdings(facts, held),
        "nothing else holds units": sorted(_holders(facts) - held.keys()),
        "every status of an order is counted in analytics": named(announced - erased - facts.events.keys()),
        "analytics counts only statuses that orders had": named(facts.events.keys() - announced),
        "no status of an order is counted twice": repeated(facts.events),
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


def _by_order(rows: Iterable[tuple[Any, Any, int]]) -> dict[str, Lines]:
    found = dict[str, Lines]()
    for order, product, units in rows:
        found.setdefault(str(order), {})[str(product)] = units
    return found
