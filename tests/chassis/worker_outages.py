"""A delivery worker whose database and consumer fail as a test wants."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any

import pytest

from chassis.core.clock import utc_now
from chassis.core.types import new_id
from chassis.messaging import outbox
from chassis.messaging.delivery_worker import DeliveryWorker
from chassis.messaging.event_batch import Acknowledgement
from chassis.messaging.outbox import Delivery
from tests.chassis.exchange import Exchange

Claim = Callable[[object, str, int], Awaitable[tuple[list[Delivery], float]]]


def replace_claim(monkeypatch: pytest.MonkeyPatch, exchange: Exchange, claim: Claim) -> None:
    """Replace what the worker of a test claims; services that run beside the test find no events meanwhile."""

    async def claim_here(database: object, listener: str, most: int) -> tuple[list[Delivery], float]:
        return await claim(database, listener, most) if database is exchange.database else ([], inf)

    monkeypatch.setattr(outbox, "claim", claim_here)


class Outage:
    """
    The outbox and consumer of a worker for some seconds, which pass only in its pauses: the outbox is never empty, the
    consumer fails.

    Attributes:
        batches: The number of events in each claim.
        pauses: Each pause, in seconds.
    """

    def __init__(self, exchange: Exchange, seconds: float, *answers: object) -> None:
        self.batches: list[int] = []
        self.pauses: list[float] = []
        self._left = seconds
        self._answers = list(answers)
        self._stopped = asyncio.Event()
        # The consumer, as the worker calls it.
        dispatcher: Any = self
        self.delivery_worker = DeliveryWorker(
            exchange.database, dispatcher, "tiny", self._stopped, wait=self._wait, chance=lambda: 1.0
        )

    async def claim(self, _database: object, _listener: str, most: int) -> tuple[list[Delivery], float]:
        """Claim as many events as allowed."""
        self.batches.append(most)
        return [Delivery(0, new_id(), "{}", utc_now()) for _ in range(most)], 0.0

    async def call(self, _call: object, body: bytes) -> object:
        """Return or raise the next scripted answer; the last one is repeated."""
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return [Acknowledgement(id=new_id(), outcome="accepted") for _ in json.loads(body)]

    async def _wait(self, event: asyncio.Event, longest_s: float) -> None:
        if longest_s > 0 and not event.is_set():
            self.pauses.append(longest_s)
            self._left -= longest_s
        if self._left <= 0:
            self._stopped.set()
        await asyncio.sleep(0)
