import asyncio
from typing import Any, Self

from chassis.core.deadline import DEFAULT_S
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.reqwest import CONNECTIONS
from tests.dispatch.wired import dispatcher_to, written

CANCELLED = 10_000
BATCH = 250


class WaitingServer:
    """Reads requests, and answers when it is told to."""

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
            pass  # the caller has given up
        finally:
            self._writers.discard(writer)
            writer.close()


def call(dispatcher: Dispatcher, times: int) -> list[asyncio.Task[Any]]:
    """Begin calls."""
    return [asyncio.create_task(dispatcher.get("tiny", "/", sealed=False)) for _ in range(times)]


async def cancel(calls: list[asyncio.Task[Any]]) -> None:
    """Cancel calls, and see that nothing else has become of them."""
    for one in calls:
        one.cancel()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)


async def test_cancelled_calls_lose_no_slot() -> None:
    """After ten thousand calls cancelled unsent, queued or under way, every connection can be used at once."""
    async with WaitingServer() as server, dispatcher_to(server.address) as dispatcher:
        for number in range(CANCELLED // BATCH):
            calls = call(dispatcher, BATCH)
            for _ in range(CONNECTIONS if number % 2 else number // 2 % 5):
                await (server.arrived.acquire() if number % 2 else asyncio.sleep(0))
            await cancel(calls)
            server.telling.set()
            server.telling.clear()
        server.telling.set()

        assert await asyncio.gather(*call(dispatcher, CONNECTIONS)) == [{}] * CONNECTIONS
        assert dispatcher.targets() == {"tiny": "closed"}


async def test_a_cancelled_call_makes_room_at_once() -> None:
    """Callers that give up on a service that hangs make room for others."""
    async with WaitingServer() as server, dispatcher_to(server.address) as dispatcher:
        calls = call(dispatcher, CONNECTIONS)
        for _ in calls:
            await server.arrived.acquire()
        await cancel(calls)

        (another,) = call(dispatcher, 1)
        async with asyncio.timeout(DEFAULT_S / 2):  # long before a call gives up
            await server.arrived.acquire()
        server.telling.set()

        assert await another == {}


async def test_a_call_cancelled_before_it_was_sent_is_not_sent() -> None:
    """Calls that are given up while they wait for a connection have no effect."""
    async with WaitingServer() as server, dispatcher_to(server.address) as dispatcher:
        calls = call(dispatcher, CONNECTIONS * 2)
        for _ in range(CONNECTIONS):
            await server.arrived.acquire()
        await cancel(calls)
        server.telling.set()
        await asyncio.gather(*call(dispatcher, CONNECTIONS))

        for _ in range(CONNECTIONS):
            await server.arrived.acquire()
        assert server.arrived.locked()
