"""The two sides, each ready to be measured."""

import asyncio
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import orjson
import psutil
from cli.dev.polling import eventually

from benchmarks.deployment import Deployed
from benchmarks.load import Taken
from benchmarks.processes import Child, cpu_s, name_of, tree_cpu_s
from benchmarks.scenarios.orders import peer as plain_order
from benchmarks.scenarios.orders import plain_product
from benchmarks.scenarios.orders.customer import Task, place_orders
from benchmarks.scenarios.orders.plan import OURS, PLAIN
from benchmarks.scenarios.orders.stores import ORDERS, PRODUCTS, Counts, Stores, dsn

_BACKLOG = 2048
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Side:
    """One of them."""

    key: str
    customer: Child
    stores: Stores
    roots: Mapping[str, Sequence[int]]
    """The roots of its process trees, by part."""

    def run(self, task: Task) -> Taken:
        """Have the customer do *task*."""
        taken = self.customer.ask(task)
        assert isinstance(taken, Taken)
        return taken

    def counts(self) -> Counts:
        """Read PostgreSQL's counters."""
        return asyncio.run(self.stores.counts(self.key))

    def drain(self) -> float:
        """Wait until all events have arrived; returns the seconds."""
        begun = time.perf_counter()
        if self.key == OURS:
            assert asyncio.run(eventually(self.stores.have_delivered, within=_PATIENCE_S))
        return time.perf_counter() - begun

    def cpu_s(self) -> dict[str, float]:
        """Give the seconds of CPU that each part has used so far, all its processes together."""
        used = {part: sum(map(tree_cpu_s, roots)) for part, roots in self.roots.items()}
        return used | {"PostgreSQL": _postgres_cpu_s()}


@contextmanager
def ours(stores: Stores, services: Deployed, token: str) -> Iterator[Side]:
    """Place orders with our services."""
    pids = services.pids
    # With MongoDB, which only analytics uses.
    parts = {"order": [pids["order"]], "product": [pids["product"]], "events": [pids["analytics"], pids["user"]]}
    mongodb = [process.pid for process in psutil.Process().children(recursive=True) if name_of(process) == "mongod"]
    with Child(place_orders, services.address("order"), token) as customer:
        customer.ready()
        yield Side(OURS, customer, stores, parts | {"events": [*parts["events"], *mongodb]})


@contextmanager
def plain(stores: Stores, keys: bytes, token: str, workers: int) -> Iterator[Side]:
    """Run the peer with so many processes for each half, and place orders with it."""
    key = orjson.dumps(orjson.loads(keys)["keys"][0])
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)) for _ in range(2)]
        order_url, product_url = (f"http://127.0.0.1:{one.getsockname()[1]}" for one in listeners)
        products = dsn(stores.plain[PRODUCTS])
        product = [stack.enter_context(Child(plain_product.serve, listeners[1], products)) for _ in range(workers)]
        orders = dsn(stores.plain[ORDERS]), product_url, key
        order = [stack.enter_context(Child(plain_order.serve, listeners[0], *orders)) for _ in range(workers)]
        customer = stack.enter_context(Child(place_orders, order_url, token))
        for child in (*product, *order, customer):
            child.ready()
        roots = {"order": [child.pid for child in order], "product": [child.pid for child in product]}
        yield Side(PLAIN, customer, stores, roots)


def _postgres_cpu_s() -> float:
    """Of the server of this run, which is ours: a process for each connection, and some others."""
    return sum(cpu_s(one) for one in psutil.Process().children(recursive=True) if name_of(one) == "postgres")
