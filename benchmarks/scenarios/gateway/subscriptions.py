"""Held subscriptions: the memory of each, and the time from a change of an order to its event at the client."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from uuid import UUID

import asyncpg

from benchmarks.load import percentile
from benchmarks.processes import Child, descendants_memory_mib, tree_cpu_s
from benchmarks.runner import DoesNotWork, OnTurn
from benchmarks.scenarios.gateway.people import new_tokens, place_orders
from benchmarks.scenarios.gateway.stack import Stack, document
from benchmarks.scenarios.gateway.subscribers import Arrival, Change, Hold, run_subscribers
from benchmarks.scenarios.orders.stores import ORDERS, dsn
from gateway.graphql.documents import document_id
from gateway.graphql.subscriptions import MOST_OF_ONE

_FIRST = 10
"""The first of this many parts of the subscriptions is opened before the memory is read: it loads and caches things."""
_IDLE_S = 5.0
_CHANGED = "SELECT order_id, at FROM order_transitions WHERE status = 'cancelled' AND order_id = ANY ($1)"
"""``at`` is the beginning of the transaction that changed the order, by the clock of this machine."""


@dataclass(frozen=True, slots=True)
class Held:
    """
    The figures of held subscriptions.

    Attributes:
        opened_per_second: Subscriptions with their first events.
        kib_each: Memory of the gateways for each.
        idle_cores: CPU of the gateways while nothing changes, in cores; *idle_behind* that of services and database.
        delays_s: From the beginning of each transaction to the arrival of its event.
        changes: The number of changes; each that is not in *delays_s* did not arrive within 30 s.
    """

    subscriptions: int
    opened_per_second: float
    kib_each: float
    idle_cores: float
    idle_behind: float
    changes: int
    delays_s: Sequence[float]

    def delay_ms(self, percent: float) -> float:
        """Return a percentile of the delays; infinite if as many changes did not arrive."""
        missing = [float("inf")] * (self.changes - len(self.delays_s))
        return percentile([*self.delays_s, *missing], percent) * 1e3


def measure_subscriptions(
    stack: Stack, products: Sequence[str], count: int, changes: int, per_second: float, on_turn: OnTurn
) -> Held:
    """
    Hold *count* subscriptions at all gateways together, eight for each person, and change some of their orders.

    Raises:
        DoesNotWork: A subscription is refused or ends.
    """
    on_turn(f"placing {count} orders")
    tokens = new_tokens(stack.services.environment, -(-count // MOST_OF_ONE))
    order_url, gateways = stack.services.address("order"), list(stack.gateways.values())
    orders = place_orders(order_url, [*islice(cycle(tokens), count)], [[one] for one in islice(cycle(products), count)])
    stack.stores.wait_for_events()
    first = count // _FIRST
    document_sent = document_id(document("order_changed"))
    with Child(run_subscribers, gateways, order_url, document_sent) as client:
        client.ready()
        client.ask(Hold(orders[:first]))
        before = _memory_mib(stack)
        on_turn(f"opening {count} subscriptions")
        begun = time.monotonic()
        if client.ask(Hold(orders[first:])) < count:
            raise DoesNotWork("Subscriptions have ended.")
        took = time.monotonic() - begun
        on_turn(f"holding {count} subscriptions")
        idle, behind = _idle_cores(stack)
        kib = (_memory_mib(stack) - before) * 1024 / (count - first)
        on_turn(f"changing {changes} orders")
        arrived = client.ask(Change(orders[:changes], 1 / per_second))
    delays = asyncio.run(_delays(stack.stores.ours, arrived))
    return Held(count, (count - first) / took, kib, idle, behind, changes, delays)


def _memory_mib(stack: Stack) -> float:
    return sum(map(descendants_memory_mib, _gateway_roots(stack)))


def _gateway_roots(stack: Stack) -> list[int]:
    return [pid for side in stack.gateways for pid in stack.roots[side]]


def _idle_cores(stack: Stack) -> tuple[float, float]:
    """Return the CPU of the gateway, and that of what is behind it, while no order changes."""
    behind = [pid for part in ("order", "product", "user", "PostgreSQL") for pid in stack.roots[part]]
    parts = _gateway_roots(stack), behind
    before = [sum(map(tree_cpu_s, pids)) for pids in parts]
    time.sleep(_IDLE_S)
    gateway, others = (sum(map(tree_cpu_s, pids)) - then for pids, then in zip(parts, before, strict=True))
    return gateway / _IDLE_S, others / _IDLE_S


async def _delays(urls: Mapping[str, str], arrived: Sequence[Arrival]) -> list[float]:
    async with asyncpg.create_pool(dsn(urls[ORDERS]), min_size=1) as pool:
        rows = await pool.fetch(_CHANGED, [UUID(one.order_id) for one in arrived])
    changed_at = {str(row["order_id"]): row["at"].timestamp() for row in rows}
    return [one.at - changed_at[one.order_id] for one in arrived]
