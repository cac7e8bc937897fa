import asyncio
from typing import Any, ClassVar, NoReturn

import pytest
from structlog.testing import CapturingLogger

from chassis.core.errors import DatabaseUnavailable
from chassis.dispatch.dispatcher import Dispatcher
from chassis.messaging import event_batch
from chassis.messaging import relay as relaying
from chassis.messaging.relay import Relay
from chassis.settings import InvalidSettings
from cli.dev.polling import eventually
from tests.chassis.exchange import CupFilled, Exchange, Settings
from tests.chassis.relays import is_listening
from tests.support.fault_proxy import Exchange as HttpExchange
from tests.support.fault_proxy import FaultProxy, passing


async def test_a_batch_under_way_arrives_before_the_end(exchange: Exchange) -> None:
    """A worker that is stopped waits for the answer to its batch, so that no other must wait for the lease."""
    sent, may_pass = asyncio.Event(), asyncio.Event()

    async def hold(http: HttpExchange) -> None:
        sent.set()
        await may_pass.wait()
        await passing(http)

    async with FaultProxy(exchange.url, hold) as proxy:
        async with exchange.relay(proxy.address):
            await exchange.announce("cup")
            await sent.wait()
            asyncio.get_running_loop().call_later(0.1, may_pass.set)

        assert await exchange.is_drained()
        assert await exchange.labels() == ["cup"]


class Idle:
    """A worker that finds no events, and waits until it is woken."""

    def __init__(self, _database: object, _dispatcher: object, _listener: str, stopped: asyncio.Event) -> None:
        self._stopped = stopped
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Wake it."""
        self._woken.set()

    async def serve(self) -> None:
        """Wait until stopped."""
        while not self._stopped.is_set():
            self._woken.clear()
            await self._woken.wait()


async def test_a_relay_that_is_idle_ends_at_once(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle worker stops without waiting for a call's timeout or being cancelled; its connections are closed."""
    closed: list[Dispatcher] = []

    class Closing(Dispatcher):
        async def aclose(self) -> None:
            await super().aclose()
            closed.append(self)

    monkeypatch.setattr(relaying, "Dispatcher", Closing)
    monkeypatch.setattr(relaying, "CALL_TIMEOUT_S", 600.0)
    monkeypatch.setattr(relaying, "DeliveryWorker", Idle)

    async with asyncio.timeout(30), exchange.relay():
        assert await eventually(lambda: is_listening(exchange), within=20)

    assert len(closed) == 1


async def test_a_call_that_does_not_end_in_time_is_cut_off(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a service does not wait for a consumer that hangs; its event stays."""
    sent = asyncio.Event()
    monkeypatch.setattr(relaying, "CALL_TIMEOUT_S", 0.0)
    monkeypatch.setattr(event_batch, "CALL_TIMEOUT_S", 600.0)

    async def hold(_http: HttpExchange) -> None:
        sent.set()
        await asyncio.Event().wait()

    async with FaultProxy(exchange.url, hold) as proxy, asyncio.timeout(20), exchange.relay(proxy.address):
        await exchange.announce("cup")
        await sent.wait()

    assert not await exchange.is_drained()


class ForUser(CupFilled):
    """Consumed by a service that is not called."""

    consumers: ClassVar[tuple[str, ...]] = ("user",)


class Foreign(CupFilled):
    """Named after another service."""

    type: ClassVar[str] = "user.cup_filled"


@pytest.mark.parametrize(("event", "problem"), [(ForUser, "its consumer 'user'"), (Foreign, "is named 'order.…'")])
def test_a_service_that_cannot_announce_does_not_start(
    exchange: Exchange, event: type[CupFilled], problem: str
) -> None:
    """An event named after another service, or with a consumer that is not called, keeps the service from starting."""
    with pytest.raises(InvalidSettings, match=problem):
        Relay(Settings(), exchange.database, [event])


class Outage:
    """
    A database that is down, and a minute that passes during waits.

    Attributes:
        asked: The number of attempts to use it.
    """

    def __init__(self, stopped: asyncio.Event) -> None:
        self.asked = 0
        self._left = 60.0
        self._stopped = stopped

    def _fail(self, *_arguments: object) -> NoReturn:
        self.asked += 1
        raise DatabaseUnavailable

    transaction = listening = _fail

    async def wait(self, _event: asyncio.Event, longest_s: float) -> None:
        """Advance the time at once."""
        self._left -= longest_s
        if self._left <= 0:
            self._stopped.set()


@pytest.mark.parametrize(("work", "asked"), [("measure", 4), ("listen", 60)])
async def test_a_database_that_is_down_is_not_pressed(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch, work: str, asked: int
) -> None:
    """A worker tries to measure every 15 s and to listen every second; the outage is one warning."""
    log, stopped = CapturingLogger(), asyncio.Event()
    outage: Any = Outage(stopped)
    monkeypatch.setattr(relaying, "wait_for", outage.wait)
    monkeypatch.setattr(relaying, "log", log)
    relay = Relay(Settings(), outage, [CupFilled])
    delivery_worker: Any = object()

    await (relay._measure(stopped) if work == "measure" else relay._listen({"tiny": delivery_worker}, stopped))  # noqa: SLF001

    assert outage.asked == asked
    assert [call.method_name for call in log.calls] == ["warning"]
