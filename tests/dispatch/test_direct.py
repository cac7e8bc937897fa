import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import pytest

from chassis.dispatch import direct
from chassis.dispatch.direct import DirectTransport
from chassis.dispatch.transport import Answer, ConnectionBroken, address_of
from tests.dispatch.wired import written


@asynccontextmanager
async def answering(
    *answers: bytes, closes: bool = False
) -> AsyncIterator[tuple[Callable[..., Awaitable[Answer]], list[int]]]:
    """Serve scripted answers, the last one again and again; yields a call, and the requests of each connection."""
    requests: list[int] = []
    waiting = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(requests)
        requests.append(0)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                requests[number] += 1
                writer.write(waiting.pop(0) if len(waiting) > 1 else waiting[0])
                if closes:
                    break
        except (EOFError, ConnectionError):
            pass  # the client has disconnected
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = address_of(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "/")
    async with server, aclosing(DirectTransport()) as transport:

        async def call(method: str = "GET", headers: tuple[tuple[str, str], ...] = ()) -> Answer:
            return await transport.send(method, address, headers, b"", 5.0)

        yield call, requests


async def test_calls_share_a_connection() -> None:
    """One call after the other uses the same connection."""
    async with answering(written(b"{}")) as (call, requests):
        for _ in range(3):
            await call()

    assert requests == [3]


async def test_an_idle_connection_is_not_used_when_its_server_may_close_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """After ``KEEP_ALIVE_S`` without a call, a new connection is made."""
    monkeypatch.setattr(direct, "KEEP_ALIVE_S", 0.0)
    async with answering(written(b"{}")) as (call, requests):
        for _ in range(2):
            await call()

    assert requests == [1, 1]


async def test_a_connection_that_its_server_ends_is_not_used_again() -> None:
    """``Connection: close`` in an answer is obeyed."""
    async with answering(written(b"{}", "connection: close\r\n")) as (call, requests):
        for _ in range(2):
            await call()

    assert requests == [1, 1]


@pytest.mark.parametrize("more", [b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n2", b"HTTP/1.1 200 OK\r\ncontent-le"])
async def test_a_second_answer_is_not_taken_for_that_of_the_next_call(more: bytes) -> None:
    """A connection with more than the answer in it is closed, whether or not the rest is complete."""
    async with answering(written(b"1") + more, written(b"3")) as (call, requests):
        assert [(await call()).body for _ in range(2)] == [b"1", b"3"]

    assert requests == [1, 1]


async def test_an_interim_answer_is_skipped() -> None:
    """The answer is the one after it; headers of the interim one do not stay."""
    async with answering(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + written(b"{}")) as (call, _):
        answer = await call()

    assert (answer.status, answer.body, "link" in answer.headers) == (200, b"{}", False)


async def test_an_answer_to_head_has_no_body() -> None:
    """It is complete with its head, whatever length that names."""
    async with answering(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n") as (call, _):
        answers = [await call("HEAD") for _ in range(2)]

    assert [(answer.body, answer.headers["content-length"]) for answer in answers] == [(b"", "5")] * 2


async def test_a_trailer_is_no_header() -> None:
    """What follows the body replaces no header."""
    chunked = b"HTTP/1.1 200 OK\r\nx-a: 1\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx-a: 2\r\n\r\n"
    async with answering(chunked) as (call, _):
        answer = await call()

    assert (answer.body, answer.headers["x-a"]) == (b"{}", "1")


async def test_an_answer_that_ends_with_its_connection_is_refused() -> None:
    """It may have been cut."""
    async with answering(b"HTTP/1.1 200 OK\r\n\r\n{}", closes=True) as (call, requests):
        with pytest.raises(ConnectionBroken):
            await call()

    assert requests == [1]


@pytest.mark.parametrize("value", ["a\r\nx-b: 2", "a\nx-b: 2", "a\rx-b: 2"])
async def test_a_header_cannot_add_another(value: str) -> None:
    """A line break in a header is an error of ours, and nothing is sent."""
    async with answering(written(b"{}")) as (call, requests):
        with pytest.raises(ValueError, match="line break"):
            await call(headers=(("x-a", value),))

    assert requests == []
