"""
The relay: delivers the events in the outbox to their consumers, in every worker process.

A batch is leased, sent without a transaction or connection being held, then deleted. If the process is killed in
between, the lease ends and another relay sends it again; the consumer recognises duplicates.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import structlog

from chassis.core.errors import AppError
from chassis.core.outage import Outage
from chassis.dispatch.breaker import BACKGROUND_PAUSE_S
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.transports import TRANSPORTS
from chassis.messaging.delivery_worker import DeliveryWorker, wait_for
from chassis.messaging.event import Event, publisher_of
from chassis.messaging.event_batch import CALL_TIMEOUT_S
from chassis.messaging.metrics import MEASURE_EVERY_S, measure
from chassis.postgres.database import Postgres
from chassis.postgres.notifier import CHANNEL
from chassis.sealing.envelope import Envelope
from chassis.settings import InvalidSettings, ServiceSettings

log = structlog.get_logger(__name__)

LISTEN_AGAIN_S = 1.0


class Relay:
    """
    Delivers the events of a service.

    Args:
        events: All events that the service publishes.

    Raises:
        InvalidSettings: An event's type does not begin with the service's name, or its consumer is not in ``peers``.
    """

    def __init__(self, settings: ServiceSettings, database: Postgres, events: Sequence[type[Event]]) -> None:
        _check(settings, events)
        self._database = database
        self._make_transport = TRANSPORTS[settings.dispatch_transport]
        self._consumers = sorted({consumer for event in events for consumer in event.consumers})

    @asynccontextmanager
    async def running(
        self, peers: Mapping[str, str], envelope: Envelope, *, delivers: bool = True
    ) -> AsyncIterator[None]:
        """
        Measure the outbox and deliver during the block; batches under way at its end may take one call timeout more.

        Args:
            peers: Service -> base address.
            delivers: False if another process delivers the events.
        """
        dispatcher = Dispatcher(peers, envelope, self._make_transport, pause_s=BACKGROUND_PAUSE_S, purpose="events")
        stopped = asyncio.Event()
        names = self._consumers if delivers else []
        workers = {name: DeliveryWorker(self._database, dispatcher, name, stopped) for name in names}
        work = [self._measure(stopped), self._listen(workers, stopped), *(one.serve() for one in workers.values())]
        tasks = [asyncio.create_task(one) for one in work]
        try:
            yield
        finally:
            stopped.set()
            for worker in workers.values():
                worker.wake()
            await asyncio.wait(tasks, timeout=CALL_TIMEOUT_S)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await dispatcher.aclose()

    async def _measure(self, stopped: asyncio.Event) -> None:
        outage = Outage(log, "outbox not measured", "outbox measured again")
        while not stopped.is_set():
            try:
                async with self._database.transaction() as session:
                    await measure(session, self._consumers)
                outage.ended()
            except AppError as error:  # the next try may succeed
                outage.began(error)
            except Exception:  # as above
                log.exception("outbox not measured")
            await wait_for(stopped, MEASURE_EVERY_S)

    async def _listen(self, workers: Mapping[str, DeliveryWorker], stopped: asyncio.Event) -> None:
        """Wake a delivery worker when there is an event for it; without a connection it polls."""

        def wake(listener: str) -> None:
            if listener in workers:
                workers[listener].wake()

        outage = Outage(log, "listening for outbox notifications failed", "listening for outbox notifications again")
        while workers and not stopped.is_set():
            try:
                async with self._database.listening(CHANNEL, wake) as lost:
                    outage.ended()
                    for worker in workers.values():
                        worker.wake()  # for earlier notifications
                    await _first_of(lost, stopped)
            except AppError as error:
                outage.began(error)
            except Exception:  # as above
                log.exception("listening for outbox notifications failed")
            await wait_for(stopped, LISTEN_AGAIN_S)


async def _first_of(*events: asyncio.Event) -> None:
    """Wait until one of them is set."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


def _check(settings: ServiceSettings, events: Sequence[type[Event]]) -> None:
    problems = [
        f"{event.type}: an event of the {settings.service_name} service is named '{settings.service_name}.…'"
        for event in events
        if publisher_of(event.type) != settings.service_name
    ] + [
        f"{event.type}: its consumer '{consumer}' must be in peers of the settings"
        for event in events
        for consumer in event.consumers
        if consumer not in settings.peers
    ]
    if problems:
        raise InvalidSettings(settings.service_name, problems)
