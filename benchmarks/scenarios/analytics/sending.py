"""Measures how fast batches of events are stored, by the service and by hand, into the same MongoDB."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from cli.dev.polling import eventually

from benchmarks.deployment import Deployed
from benchmarks.load import Load, Taken
from benchmarks.machine import busy_seconds
from benchmarks.measurement import Measurement
from benchmarks.processes import Child, tree_cpu_s
from benchmarks.scenarios.analytics.clients import Task, insert_batches, send_batches
from benchmarks.scenarios.analytics.figures import Sending, Side
from benchmarks.scenarios.analytics.plan import BATCH, NAMES, OURS, PLAIN, Plan
from benchmarks.scenarios.analytics.stores import Stores
from cli.mongodb import make_write_key

_COUNTED_S = 120.0
_FIRST = 10**9
"""The number of the first event: those of the history are lower."""


class DoesNotWork(Exception):
    """A side cannot be measured."""


@dataclass(frozen=True, slots=True)
class _Sender:
    key: str
    child: Child
    stores: Stores
    service: int | None
    """The root of the service's processes."""

    def send(self, task: Task) -> Sending:
        """Send, and wait until all is counted: that is part of the work, and the other side shall not have to do it."""
        self.child.ask(task)
        used, everybody, begun = self._cpu_s(), busy_seconds(), time.perf_counter()
        taken = self.child.ask("send")
        assert isinstance(taken, Taken)
        answered = time.perf_counter()
        assert asyncio.run(eventually(self.stores.is_counted, within=_COUNTED_S))
        counted = time.perf_counter()
        cpu = {part: now - used[part] for part, now in self._cpu_s().items()}
        others = max(0.0, (busy_seconds() - everybody - sum(cpu.values()) - taken.cpu_s) / (counted - begun))
        measurement = Measurement(taken, sum(cpu.values()), others)
        return Sending(measurement, {"sender": taken.cpu_s, **cpu}, counted - answered)

    def _cpu_s(self) -> dict[str, float]:
        service = {"service": tree_cpu_s(self.service)} if self.service else {}
        return {**service, "MongoDB": self.stores.cpu_s()}


def measure_sending(plan: Plan, stores: Stores, services: Deployed, on_turn: Callable[[str], None]) -> list[Side]:
    """
    Let both sides store the same events, in turn.

    Raises:
        DoesNotWork: One of them fails from the start.
    """
    with _both(stores, services) as senders:
        for sender in senders:
            _try(sender)
        turns = {sender.key: list[Sending]() for sender in senders}
        for number in range(plan.rounds):
            first = _FIRST + number * BATCH * (plan.batches + plan.senders)
            for sender in senders[:: 1 if number % 2 else -1]:
                on_turn(f"round {number + 1}/{plan.rounds}: {NAMES[sender.key]}, {plan.batches} batches of {BATCH}")
                turns[sender.key].append(sender.send(Task(first, plan.sending)))
    return [Side(key, sendings) for key, sendings in turns.items()]


def _try(sender: _Sender) -> None:
    taken = sender.send(Task(_FIRST // 2, Load(1, 4, 0.0, 10.0))).measurement.taken
    if taken.errors:
        raise DoesNotWork(f"{NAMES[sender.key]}: {next(iter(taken.errors))}")


@contextmanager
def _both(stores: Stores, services: Deployed) -> Iterator[Sequence[_Sender]]:
    key = asyncio.run(make_write_key(stores.urls[OURS], "benchmark"))
    with (
        Child(send_batches, services.address("analytics"), key) as ours,
        Child(insert_batches, stores.urls[PLAIN]) as plain,
    ):
        for child in (ours, plain):
            child.ready()
        yield (
            _Sender(OURS, ours, stores, services.pids["analytics"]),
            _Sender(PLAIN, plain, stores, None),
        )
