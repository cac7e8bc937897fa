"""The transports that were considered beside those a service can choose (docs/decisions/0005)."""

import aiohttp
import httpx
import yarl
from httpx_aiohttp import AiohttpTransport

from chassis.dispatch.httpx_transport import HttpxTransport
from chassis.dispatch.transport import CALLS_AT_A_TIME, CONNECT_TIMEOUT_S, KEEP_ALIVE_S, Address, Answer, Headers, Slots

_LIMITS = httpx.Limits(
    max_connections=CALLS_AT_A_TIME, max_keepalive_connections=CALLS_AT_A_TIME, keepalive_expiry=KEEP_ALIVE_S
)


class _WithUrl(httpx.AsyncBaseTransport):
    """Puts the target into the URL, for backends without httpx's extension ``target``."""

    def __init__(self, backend: httpx.AsyncBaseTransport) -> None:
        self._backend = backend

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = httpx.URL(f"{request.url}{request.extensions['target'].decode()}")
        await request.aread()  # these backends need the whole body
        return await self._backend.handle_async_request(request)

    async def aclose(self) -> None:
        await self._backend.aclose()


def httpx_default() -> HttpxTransport:
    """Make httpx's own transport, on httpcore."""
    return HttpxTransport(httpx.AsyncHTTPTransport(limits=_LIMITS))


def httpx_aiohttp() -> HttpxTransport:
    """Make the transport of the package httpx-aiohttp."""
    return HttpxTransport(_WithUrl(AiohttpTransport(limits=_LIMITS)))


class AiohttpAlone:
    """Sends over aiohttp without httpx; it omits errors and the cap, which would cost it a little."""

    def __init__(self) -> None:
        self._slots = Slots()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("accept", "accept-encoding", "content-type", "user-agent"),
            auto_decompress=False,
        )

    async def send(self, method: str, address: Address, headers: Headers, body: bytes, timeout: float) -> Answer:
        """Send one request and read the whole answer."""
        left = await self._slots.take(timeout)
        url, within = yarl.URL(address.url, encoded=True), aiohttp.ClientTimeout(left, sock_connect=CONNECT_TIMEOUT_S)
        try:
            async with self._session.request(
                method,
                url,
                headers=headers,
                data=body or None,
                allow_redirects=False,
                timeout=within,
            ) as answer:
                content = await answer.read()
        finally:
            self._slots.release()
        return Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, content)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._session.close()
