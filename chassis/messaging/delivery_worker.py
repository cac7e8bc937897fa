"""Delivers the events of one service to one consumer: take a batch, send it, record the outcome."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import structlog

from chassis.core.clock import utc_now
from chassis.core.errors import AppError, InvalidRequest, PayloadTooLarge
from chassis.core.outage import Outage
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from chassis.messaging import outbox
from chassis.messaging.event_batch import MOST_EVENTS, NOT_HANDLED, Acknowledgement, ForeignEvent, delivery_to
from chassis.messaging.metrics import DELIVERIES, LAG
from chassis.messaging.outbox import DOUBLINGS, FIRST_PAUSE_S, LONGEST_PAUSE_S, Delivery
from chassis.postgres.database import Postgres
from chassis.telemetry import tracing

log = structlog.get_logger(__name__)

LOOK_S = 5.0
"""How often a delivery worker polls without a notification."""
GATHER_S = 0.1
"""
After a batch that was not full, or none: ten events in one cost little more than one, here and at the consumer, and
each worker of a service has a delivery worker. A worker that has been idle for as long is woken at once.
"""

_OF_THE_EVENT = frozenset({InvalidRequest.code, ForeignEvent.code, PayloadTooLarge.code})
"""With these codes a consumer refuses the events; with others it refuses the call, which no event caused."""


async def wait_for(event: asyncio.Event, longest_s: float) -> None:
    """Wait until an event is set, for *longest_s* seconds at most."""
    with suppress(TimeoutError):
        async with asyncio.timeout(longest_s):
            await event.wait()


class DeliveryWorker:
    """
    Delivers to one consumer.

    It sends smaller batches after a failure, so that an event that always fails is finally sent alone.

    Args:
        stopped: Set to stop taking batches; call ``wake`` afterwards.
        wait: Waits like ``wait_for``.
        chance: A number in [0, 1).
    """

    def __init__(
        self,
        database: Postgres,
        dispatcher: Dispatcher,
        listener: str,
        stopped: asyncio.Event,
        *,
        wait: Callable[[asyncio.Event, float], Awaitable[None]] = wait_for,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.listener = listener
        self._database = database
        self._dispatcher = dispatcher
        self._delivery = delivery_to(listener)
        self._stopped = stopped
        self._wait = wait
        self._chance = chance
        self._woken = asyncio.Event()
        self._outage = Outage(log, "events not delivered", "events delivered again", listener=listener)
        self._most = MOST_EVENTS
        self._failures = 0

    def wake(self) -> None:
        """Poll now: there may be an event."""
        self._woken.set()

    async def serve(self) -> None:
        """Deliver until stopped, whatever errors occur."""
        while not self._stopped.is_set():
            self._woken.clear()
            try:
                idle_s = await self.deliver_batch()
            except Exception as error:  # noqa: BLE001 - the next try may succeed
                await self._pause(error)
            else:
                await self._wait(self._stopped, min(GATHER_S, idle_s))
                await self._wait(self._woken, idle_s - GATHER_S)

    async def deliver_batch(self) -> float:
        """
        Deliver one batch and return the seconds until the next poll; a notification may end them after ``GATHER_S``.

        Raises:
            AppError: The consumer or the database did not answer; the batch will be tried again.
        """
        batch, next_s = await outbox.claim(self._database, self.listener, self._most)
        if not batch:
            return max(GATHER_S, min(LOOK_S, next_s))
        with tracing.delivering(self.listener, len(batch)):
            acknowledgements = await self._send(batch)
            await self._settle(batch, acknowledgements)
        is_full = len(batch) == self._most or next_s == 0
        self._most, self._failures = min(MOST_EVENTS, self._most * 2), 0
        self._outage.ended()
        return 0.0 if is_full else GATHER_S

    async def _send(self, batch: Sequence[Delivery]) -> list[Acknowledgement]:
        try:
            return await self._post(batch)
        except (AppError, ValueError) as error:
            if isinstance(error, RemoteError) and error.remote_code in _OF_THE_EVENT and len(batch) == 1:
                return [Acknowledgement(id=batch[0].event_id, outcome="refused", reason=error.message)]
            await self._postpone(batch, str(error))
            raise

    async def _post(self, batch: Sequence[Delivery]) -> list[Acknowledgement]:
        messages = ",".join(delivery.message for delivery in batch)
        acknowledgements = await self._dispatcher.call(self._delivery, f"[{messages}]".encode())
        if [acknowledgement.id for acknowledgement in acknowledgements] != [delivery.event_id for delivery in batch]:
            raise ValueError("The acknowledgements are for other events.")
        return acknowledgements

    async def _postpone(self, batch: Sequence[Delivery], reason: str) -> None:
        DELIVERIES.labels(self.listener, "failed").inc(len(batch))
        self._most = max(1, len(batch) // 2)
        async with self._database.transaction() as session:
            await outbox.postpone(session, batch, reason)

    async def _settle(self, batch: Sequence[Delivery], acknowledgements: Sequence[Acknowledgement]) -> None:
        """Delete the delivered events and reschedule the refused ones."""
        pairs = list(zip(batch, acknowledgements, strict=True))
        if arrived := [delivery for delivery, acknowledgement in pairs if acknowledgement.outcome != "refused"]:
            await outbox.forget(self._database, arrived)
        if refused := [
            (delivery, acknowledgement) for delivery, acknowledgement in pairs if acknowledgement.outcome == "refused"
        ]:
            await self._put_back(refused)
        for delivery, acknowledgement in pairs:
            DELIVERIES.labels(
                self.listener, "deferred" if acknowledgement.is_deferral else acknowledgement.outcome
            ).inc()
            if acknowledgement.outcome == "accepted":
                LAG.labels(self.listener).observe((utc_now() - delivery.created_at).total_seconds())

    async def _put_back(self, refused: Sequence[tuple[Delivery, Acknowledgement]]) -> None:
        deferred = [delivery for delivery, acknowledgement in refused if acknowledgement.is_deferral]
        async with self._database.transaction() as session:
            dead = await outbox.defer(session, deferred, NOT_HANDLED) if deferred else set()
            for delivery, acknowledgement in refused:
                if not acknowledgement.is_deferral and await outbox.refuse(session, delivery, acknowledgement.reason):
                    dead.add(delivery.position)
        for delivery, acknowledgement in refused:
            if delivery.position in dead:
                log.error(
                    "event is dead",
                    listener=self.listener,
                    event_id=str(acknowledgement.id),
                    reason=acknowledgement.reason,
                )
        if deferred:
            log.warning("events deferred", listener=self.listener, events=len(deferred), reason=NOT_HANDLED)

    async def _pause(self, error: Exception) -> None:
        """Wait longer after each consecutive failure, even if events are published meanwhile."""
        longest_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(self._failures, DOUBLINGS))
        self._failures += 1
        pause_s = self._chance() * longest_s
        if isinstance(error, AppError):
            self._outage.began(error)
        else:
            log.error("events not delivered", listener=self.listener, exc_info=error)
        await self._wait(self._stopped, pause_s)
