import asyncio
from collections.abc import Callable
from typing import Any, Self

import pytest

from chassis.core.deadline import DEFAULT_S
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.transport import CALLS_AT_A_TIME, Transport
from chassis.dispatch.transports import TRANSPORTS
from tests.dispatch.wired import dispatcher_to, written

BATCH = 250
Each = pytest.mark.parametrize("make_transport", TRANSPORTS.values(), ids=TRANSPORTS)


class WaitingServer:
    """Reads requests, and answers when the test lets it."""

    def __init__(self) -> None:
        self.telling = asyncio.Event()
        self.arrived = asyncio.Semaphore(0)
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.telling.set()
        self._server.close()
        for writer in self._writers:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.arrived.release()
                await self.telling.wait()
                writer.write(written(b"{}"))
        except (EOFError, ConnectionError):
            pass  # the caller has disconnected
        finally:
            self._writers.discard(writer)
            writer.close()


def call(dispatcher: Dispatcher, times: int) -> list[asyncio.Task[Any]]:
    """Start calls."""
    return [asyncio.create_task(dispatcher.send("tiny", "GET", "/", sealed=False)) for _ in range(times)]


async def cancel(calls: list[asyncio.Task[Any]]) -> None:
    """Cancel calls, and check that each raises only that."""
    for one in calls:
        one.cancel()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)


@pytest.mark.parametrize("cancelled", [1_000, pytest.param(10_000, marks=pytest.mark.long)])
@Each
async def test_cancelled_calls_lose_no_slot(make_transport: Callable[[], Transport], cancelled: int) -> None:
    """After calls are cancelled unsent, queued or under way, every slot can be used at once."""
    # Time stands still for the breaker: on a busy machine a call may be slow, which would count as a failed one.
    async with WaitingServer() as server, dispatcher_to(server.address, make_transport, lambda: 0.0) as dispatcher:
        for number in range(cancelled // BATCH):
            calls = call(dispatcher, BATCH)
            for _ in range(CALLS_AT_A_TIME if number % 2 else number // 2 % 5):
                await (server.arrived.acquire() if number % 2 else asyncio.sleep(0))
            await cancel(calls)
            server.telling.set()
            server.telling.clear()
        server.telling.set()

        answers = await asyncio.gather(*call(dispatcher, CALLS_AT_A_TIME))
        assert [answer.body for answer in answers] == [b"{}"] * CALLS_AT_A_TIME
        assert dispatcher.targets() == {"tiny": "closed"}


@Each
async def test_a_cancelled_call_makes_room_at_once(make_transport: Callable[[], Transport]) -> None:
    """Calls cancelled while a service hangs free their slots for others."""
    async with WaitingServer() as server, dispatcher_to(server.address, make_transport) as dispatcher:
        calls = call(dispatcher, CALLS_AT_A_TIME)
        for _ in calls:
            await server.arrived.acquire()
        await cancel(calls)

        (another,) = call(dispatcher, 1)
        async with asyncio.timeout(DEFAULT_S / 2):  # long before a call times out
            await server.arrived.acquire()
        server.telling.set()

        assert (await another).body == b"{}"


@Each
async def test_a_call_cancelled_before_it_was_sent_is_not_sent(make_transport: Callable[[], Transport]) -> None:
    """Calls cancelled while they wait for a connection have no effect."""
    async with WaitingServer() as server, dispatcher_to(server.address, make_transport) as dispatcher:
        calls = call(dispatcher, CALLS_AT_A_TIME * 2)
        for _ in range(CALLS_AT_A_TIME):
            await server.arrived.acquire()
        await cancel(calls)
        server.telling.set()
        await asyncio.gather(*call(dispatcher, CALLS_AT_A_TIME))

        for _ in range(CALLS_AT_A_TIME):
            await server.arrived.acquire()
        assert server.arrived.locked()
