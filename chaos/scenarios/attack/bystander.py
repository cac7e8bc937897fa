"""Somebody who uses the service while it is attacked."""

import asyncio
import ssl
from dataclasses import dataclass, field
from time import monotonic

from tests.support.fault_proxy import read_message

_PAUSE_S = 0.02
_PATIENCE_S = 10.0


@dataclass(slots=True)
class Latencies:
    """How long requests took, milliseconds, and which were not answered as they should have been."""

    all_ms: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def worst_ms(self) -> float:
        """The longest."""
        return max(self.all_ms, default=0.0)

    @property
    def usual_ms(self) -> float:
        """The median."""
        return sorted(self.all_ms)[len(self.all_ms) // 2] if self.all_ms else 0.0


class Bystander:
    """Reads a profile and tries a refresh token by turns, over a new connection each time."""

    def __init__(self, port: int, token: str, tls: ssl.SSLContext | None) -> None:
        self._port = port
        self._tls = tls
        body = b'{"refresh_token":"unknown"}'
        head = "host: attacked\r\nconnection: close\r\n"
        read = f"GET /api/v1/users/profile HTTP/1.1\r\n{head}authorization: Bearer {token}\r\n\r\n"
        write = f"POST /api/v1/users/refresh HTTP/1.1\r\n{head}content-type: application/json\r\n"
        self._requests = {
            read.encode(): b" 200 ",
            f"{write}content-length: {len(body)}\r\n\r\n".encode() + body: b" 401 ",
        }

    async def use(self, seconds: float) -> Latencies:
        """Use the service for so long."""
        latencies, ends = Latencies(), monotonic() + seconds
        while monotonic() < ends:
            for request, expected in self._requests.items():
                began = monotonic()
                answer = await self._ask(request)
                latencies.all_ms.append((monotonic() - began) * 1000)
                if expected not in answer[:20]:
                    latencies.failed.append(answer[:20].decode("latin-1"))
                await asyncio.sleep(_PAUSE_S)
        return latencies

    async def _ask(self, request: bytes) -> bytes:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port, ssl=self._tls)
                try:
                    writer.write(request)
                    return await read_message(reader)
                finally:
                    writer.transport.abort()
        except (OSError, EOFError, TimeoutError) as error:
            return repr(error).encode()
