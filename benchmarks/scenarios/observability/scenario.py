"""Runs the plan: the same services three times, each with databases of its own, take turns."""

import asyncio
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.deployment import deploy, log_in
from benchmarks.processes import Child
from benchmarks.scenarios.observability.collector import serve
from benchmarks.scenarios.observability.plan import NAMES, SHARES, Plan
from benchmarks.scenarios.orders.customer import Task
from benchmarks.scenarios.orders.figures import Turn
from benchmarks.scenarios.orders.plan import MANY_PRODUCTS
from benchmarks.scenarios.orders.scenario import place, try_once
from benchmarks.scenarios.orders.sides import Side, ours
from benchmarks.scenarios.orders.stores import open_stores
from chassis.core.ids import new_id
from cli.dev.secrets import ensure_secrets
from cli.links import links

OnTurn = Callable[[str], None]
"""Told what is measured next."""


def measure(plan: Plan, on_turn: OnTurn) -> dict[str, list[Turn]]:
    """
    Measure every side; gives its rounds.

    Raises:
        DoesNotWork: One of them fails from the start.
    """
    product_ids, measured = [str(new_id()) for _ in range(MANY_PRODUCTS)], {key: list[Turn]() for key in SHARES}
    with tempfile.TemporaryDirectory() as path, ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        stack.enter_context(Child(serve, listener)).ready()
        port = listener.getsockname()[1]
        sides = {key: stack.enter_context(_side(Path(path) / key, product_ids, _told(key, port))) for key in SHARES}
        for side in sides.values():
            try_once(side, product_ids)
        for number in range(plan.rounds):
            first = number % len(sides)
            for key in (*list(sides)[first:], *list(sides)[:first]):  # nobody always follows the same neighbour
                on_turn(f"round {number + 1}/{plan.rounds}: {NAMES[key]}")
                place(sides[key], Task(plan.warming, product_ids))
                measured[key].append(place(sides[key], Task(plan.load, product_ids)))
    return measured


@contextmanager
def _side(folder: Path, product_ids: list[str], variables: Mapping[str, str]) -> Iterator[Side]:
    folder.mkdir()
    secrets = ensure_secrets(folder / "secrets.json", links())
    processes = dict.fromkeys(("analytics", "user", "product", "order"), 1)
    with (
        open_stores(folder, secrets) as stores,
        deploy(stores.ours, secrets, folder, processes, **variables) as services,
    ):
        asyncio.run(stores.add_products(product_ids))
        with ours(stores, services, log_in(services.environment)) as side:
            yield side


def _told(key: str, port: int) -> dict[str, str]:
    share = SHARES[key]
    if share is None:
        return {}
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        "OTEL_TRACES_SAMPLER_ARG": share,
        "SENTRY_DSN": f"http://key@127.0.0.1:{port}/1",
    }
