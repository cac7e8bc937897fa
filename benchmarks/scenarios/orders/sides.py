"""The sides, each ready to be measured with the same customer."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

import orjson

from benchmarks.deployment import Deployed, log_in
from benchmarks.load import run_client
from benchmarks.processes import Child
from benchmarks.runner import Side
from benchmarks.scenarios.orders.customer import order_at
from benchmarks.scenarios.orders.peer import serve_orders, serve_products
from benchmarks.scenarios.orders.stores import ORDERS, OURS, PLAIN, PRODUCTS, USUAL, Stores
from benchmarks.scenarios.orders.usual import serve_usual_orders, serve_usual_products

NAMES = {
    OURS: "order and product service",
    PLAIN: "aiohttp and asyncpg by hand",
    USUAL: "FastAPI, SQLAlchemy and httpx",
}
_PEERS = {PLAIN: (serve_products, serve_orders), USUAL: (serve_usual_products, serve_usual_orders)}
_BACKLOG = 2048


@contextmanager
def ours(
    stores: Stores,
    environment: Mapping[str, str],
    pids: Mapping[str, Sequence[int]],
    *,
    key: str = OURS,
    name: str = "",
) -> Iterator[Side]:
    """Place orders with our services; *pids* are the roots of their processes, and of nginx if it is used."""
    # `events` is the consumer of the orders' events with its database, and the issuer of the tokens.
    events = [*pids["analytics"], *pids["user"], *stores.mongodb_pids]
    roots = {"order": pids["order"], "product": pids["product"], "events": events, "PostgreSQL": stores.postgres_pids}
    roots |= {"nginx": pids["nginx"]} if "nginx" in pids else {}
    with Child(run_client, order_at, environment["ORDER_SERVICE_URL"], log_in(environment)) as customer:
        customer.ready()
        yield Side(key, name or NAMES[OURS], customer.ask, roots, stores.wait_for_events, partial(stores.counts, OURS))


@contextmanager
def peer(side: str, stores: Stores, services: Deployed, workers: int) -> Iterator[Side]:
    """Run a peer with this many processes for each half, and place orders with it."""
    serve_its_products, serve_its_orders = _PEERS[side]
    databases = stores.peers[side]
    key = orjson.dumps(orjson.loads(services.keys())["keys"][0])
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)) for _ in range(2)]
        order_url, product_url = (f"http://127.0.0.1:{one.getsockname()[1]}" for one in listeners)
        product = [
            stack.enter_context(Child(serve_its_products, listeners[1], databases[PRODUCTS])) for _ in range(workers)
        ]
        orders = databases[ORDERS], product_url, key, services.environment["JWT_ISSUER"]
        order = [stack.enter_context(Child(serve_its_orders, listeners[0], *orders)) for _ in range(workers)]
        customer = stack.enter_context(Child(run_client, order_at, order_url, log_in(services.environment)))
        for child in (*product, *order, customer):
            child.ready()
        roots = {
            "order": [child.pid for child in order],
            "product": [child.pid for child in product],
            "PostgreSQL": stores.postgres_pids,
        }
        yield Side(side, NAMES[side], customer.ask, roots, counts=partial(stores.counts, side))
