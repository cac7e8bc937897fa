"""The cost of traces and error reports for an order: the same services three times, each with its own databases."""

import asyncio
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from rich.table import Table

from benchmarks.deployment import deploy
from benchmarks.load import Load, Task
from benchmarks.measurement import Series
from benchmarks.processes import Child, end_with_parent, run_on_uvloop
from benchmarks.report import doubts, make_table, targets_table
from benchmarks.results import Result, Target, compare
from benchmarks.runner import OnTurn, Rounds, Side, Turn
from benchmarks.scenario import Scenario
from benchmarks.scenarios.orders.figures import BUSY, Condition
from benchmarks.scenarios.orders.scenario import new_product_ids
from benchmarks.scenarios.orders.sides import ours
from benchmarks.scenarios.orders.stores import open_stores
from cli.dev.secrets import ensure_secrets
from cli.links import links

_OFF, _ON, _EVERYTHING = "off", "on", "everything"
_NAMES = {_OFF: "nothing leaves", _ON: "as delivered: a tenth of the requests", _EVERYTHING: "every request"}
_SHARES: Mapping[str, str | None] = {_OFF: None, _ON: "0.1", _EVERYTHING: "1"}
"""Share of the requests whose traces are recorded; where some are, errors are reported too. Counting is always on."""
_LEAST = 0.9
"""The share of the throughput that must remain with the default settings."""
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Plan:
    """The length of the measurements; *seconds* is the minimum of one."""

    rounds: int
    seconds: float

    @property
    def turns(self) -> int:
        """The number of measurements in a run."""
        return self.rounds * len(_SHARES)

    def turn(self, product_ids: Sequence[str]) -> Turn:
        """Return a side's turn."""
        warm_up = Load(BUSY, BUSY, self.seconds / 4, self.seconds)
        return Turn(Task(warm_up, product_ids), Task(Load(BUSY, BUSY, self.seconds, 4 * self.seconds), product_ids))


FULL = Plan(rounds=9, seconds=5.0)
QUICK = Plan(rounds=5, seconds=3.0)


def measure(plan: Plan, folder: Path, on_turn: OnTurn) -> list[Series[Condition]]:
    """
    Measure every side.

    Raises:
        DoesNotWork: One of them fails from the start.
    """
    product_ids = new_product_ids()
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        stack.enter_context(Child(_collect, listener)).ready()
        port = listener.getsockname()[1]
        sides = [stack.enter_context(_side(key, folder / key, product_ids, port)) for key in _SHARES]
        for side in sides:
            side.try_once(product_ids)
        return Rounds(on_turn).measure(sides, [Condition()], plan.rounds, lambda *_: plan.turn(product_ids))


@contextmanager
def _side(key: str, folder: Path, product_ids: list[str], collector: int) -> Iterator[Side]:
    folder.mkdir()
    secrets = ensure_secrets(folder / "secrets.json", links())
    processes = dict.fromkeys(("analytics", "user", "product", "order"), 1)
    with (
        open_stores(folder, secrets) as stores,
        deploy(stores.ours, secrets, folder, processes, **_variables(key, collector)) as services,
    ):
        asyncio.run(stores.add_products(product_ids))
        pids = {name: [pid] for name, pid in services.pids.items()}
        with ours(stores, services.environment, pids, key=key, name=_NAMES[key]) as side:
            yield side


def _variables(key: str, collector: int) -> dict[str, str]:
    share = _SHARES[key]
    if share is None:
        return {}
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector}",
        "OTEL_TRACES_SAMPLER_ARG": share,
        "SENTRY_DSN": f"http://key@127.0.0.1:{collector}/1",
    }


def _collect(pipe: Connection, listener: socket.socket) -> None:
    """Accept traces and error reports, answer 200 and discard them, until the parent has ended."""
    end_with_parent(pipe)
    run_on_uvloop(_serve(pipe, listener))


async def _serve(pipe: Connection, listener: socket.socket) -> None:
    async with await asyncio.start_server(_answer, sock=listener) as server:
        pipe.send("ready")
        await server.serve_forever()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            await reader.readexactly(int(length[1]) if length else 0)
            writer.write(_ANSWER)
    except (EOFError, ConnectionError):
        writer.close()


def _tables(figures: Sequence[Series[Condition]]) -> Iterator[Table]:
    columns = "orders/s", "p50 ms", "p99 ms", "CPU of order and product, ms"
    yield make_table(f"Orders, {BUSY} at a time", columns, map(_row, figures))
    yield targets_table("Throughput", _results(figures))


def _row(one: Series[Condition]) -> tuple[str, ...]:
    speed = (
        one.median(lambda one: one.per_second),
        one.median(lambda one: one.p50_ms),
        one.median(lambda one: one.p99_ms),
    )
    cpu_ms = one.median(lambda one: one.part_us("order") + one.part_us("product")) / 1e3
    return _NAMES[one.side], *(f"{value:,.1f}" for value in speed), f"{cpu_ms:.2f}"


def _results(figures: Sequence[Series[Condition]]) -> Iterator[Result]:
    off, *others = figures
    for one in others:
        target = Target(f"{_NAMES[one.side]} / {_NAMES[off.side]}", _LEAST)
        yield compare(target, lambda one: one.per_second, one.rounds, off.rounds)


SCENARIO = Scenario(
    name="observability",
    packages=("opentelemetry-sdk", "sentry-sdk"),
    measure=measure,
    tables=_tables,
    notes=lambda figures, _cores: doubts(figures),
)
