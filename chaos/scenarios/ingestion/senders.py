"""The senders: they send new and earlier events, in any order, to any endpoint, until each is acknowledged."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from random import Random
from time import monotonic

import httpx

from chaos.journal import EventJournal
from chaos.scenarios.ingestion.events import CLIENT, ORDER, Event, make_events, mix
from chassis.core.errors import AppError
from chassis.core.together import together
from chassis.core.types import new_id
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError

_BATCHES = "/api/v1/analytics/events/batch"
_PATIENCE_S = 90.0
"""Seconds after which the answer to a batch is given up."""
_AGAIN_S = 0.2
_MOST_NEW, _MOST_OLD = 60, 12
"""The most new events of a batch, and the most that were sent before."""
_TO_TWO_ENDPOINTS = 0.2
"""Share of the batches that are sent twice at the same time."""


class Unanswered(Exception):
    """The outcome of the batch is unknown; carries the reason."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """
    One route for events into analytics: one address, and so one process or one set of workers.

    Attributes:
        publisher: The service whose events it accepts.
        send: Sends a batch; returns the outcome of each event, by id. Raises ``Unanswered``.
    """

    publisher: str
    send: Callable[[Sequence[Event]], Awaitable[dict[str, str]]]


def inbox_endpoint(dispatcher: Dispatcher) -> Endpoint:
    """Return the endpoint of the order service's events, which the dispatcher calls as that service."""

    async def send(events: Sequence[Event]) -> dict[str, str]:
        try:
            answer = (
                await dispatcher.send("analytics", "POST", "/events", json=list(events), idempotency_key=str(new_id()))
            ).json()
        except RemoteError:
            raise
        except AppError as error:
            raise Unanswered(f"{error.status} {error.code}") from error
        return {one["id"]: one["outcome"] for one in answer}

    return Endpoint(ORDER, send)


def batch_endpoint(client: httpx.AsyncClient, write_key: str) -> Endpoint:
    """Return the endpoint of clients with a write key."""
    headers = {"Authorization": f"Bearer {write_key}"}

    async def send(events: Sequence[Event]) -> dict[str, str]:
        try:
            answer = await client.post(_BATCHES, json={"events": list(events)}, headers=headers)
        except httpx.TransportError as error:
            raise Unanswered(type(error).__name__) from error
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            raise Unanswered(str(answer.status_code))
        return {item["id"]: item["status"] for item in answer.raise_for_status().json()["items"]}

    return Endpoint(CLIENT, send)


class Senders:
    """
    All senders of a run.

    Attributes:
        journal: The events they sent, and the acknowledgements.
    """

    def __init__(self, endpoints: Sequence[Endpoint], seed: int, pause_s: float = 0.0) -> None:
        """*pause_s* is the pause of a sender after a batch."""
        self.journal = EventJournal()
        self._endpoints = endpoints
        self._random = Random(seed)
        self._pause_s = pause_s
        self._sent = defaultdict[str, list[Event]](list)

    async def run(self, senders: int, goes_on: Callable[[], bool]) -> None:
        """Send while *goes_on*, with this many concurrent batches, and wait for the end of the last."""
        async with asyncio.TaskGroup() as group:
            for _ in range(senders):
                group.create_task(self._send_in_turn(goes_on))

    async def _send_in_turn(self, goes_on: Callable[[], bool]) -> None:
        while goes_on():
            endpoints = self._choose_endpoints()
            batch = self._next_batch(endpoints[0].publisher)
            await together(*(self._insist(endpoint, mix(self._random, batch)) for endpoint in endpoints))
            await asyncio.sleep(self._pause_s)

    def _choose_endpoints(self) -> list[Endpoint]:
        endpoint = self._random.choice(self._endpoints)
        if self._random.random() >= _TO_TWO_ENDPOINTS:
            return [endpoint]
        return [
            endpoint,
            self._random.choice([other for other in self._endpoints if other.publisher == endpoint.publisher]),
        ]

    def _next_batch(self, publisher: str) -> list[Event]:
        """Return new events, and some that were sent before or are still under way."""
        sent = self._sent[publisher]
        old = self._random.sample(sent, min(len(sent), self._random.randint(0, _MOST_OLD)))
        new = make_events(self._random, publisher, self._random.randint(1, _MOST_NEW))
        sent += new
        self.journal.events.update((event["id"], event) for event in new)
        return mix(self._random, new, old)

    async def _insist(self, endpoint: Endpoint, batch: Sequence[Event]) -> None:
        """Send a batch until it is acknowledged."""
        ends = monotonic() + _PATIENCE_S
        while monotonic() < ends:
            try:
                outcomes = await endpoint.send(batch)
            except Unanswered as error:
                self.journal.errors[str(error)] += 1
                await asyncio.sleep(_AGAIN_S)
            else:
                self.journal.record(batch, outcomes)
                return
