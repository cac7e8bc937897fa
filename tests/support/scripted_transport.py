"""A peer that follows a script, with a clock that the test moves."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import httpx

from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.httpx_transport import HttpxTransport
from chassis.sealing.envelope import Envelope, OpenedRequest, Target
from chassis.sealing.keys import load_links
from tests.sealing.messages import KEY_ID, MARK, TOKEN, as_setting, make_keys

KEYS = make_keys("order", "product")
LINKS = {name: load_links(name, as_setting(KEYS), set()) for name in ("order", "product")}
PATH = "/api/v1/products"


@dataclass(slots=True)
class Time:
    """A clock that moves only when code sleeps, or the test moves it."""

    now: float = 1000.0
    sleeps: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Advance the clock at once."""
        self.sleeps.append(seconds)
        self.now += seconds


@dataclass(frozen=True, slots=True)
class Seen:
    """An attempt as the peer received it."""

    at: float
    request: OpenedRequest


Step = Callable[["Peer", OpenedRequest], Awaitable[httpx.Response]]
"""How the peer answers one attempt."""


@dataclass(slots=True)
class Peer(httpx.AsyncBaseTransport):
    """A stand-in for the product service; the last step of the script is repeated."""

    time: Time
    steps: list[Step]
    seen: list[Seen] = field(default_factory=list)
    envelope: Envelope = field(default_factory=lambda: Envelope("product", LINKS["product"]))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Open the request, and run the next step."""
        body = await request.aread()
        token = json.loads(body)["encrypted_data"] if body else request.headers[TOKEN]
        path, _, query = request.extensions["target"].decode().partition("?")
        target = Target(request.method, path, query)
        opened = self.envelope.open_request("order", request.headers[KEY_ID], token.encode(), target)
        self.seen.append(Seen(self.time.now, opened))
        return await self.steps[min(len(self.seen), len(self.steps)) - 1](self, opened)


def answers(status: int, headers: Mapping[str, str] | None = None, body: str = "{}") -> Step:
    """Answer sealed."""

    async def answer(peer: Peer, request: OpenedRequest) -> httpx.Response:
        key_id, token = peer.envelope.seal_response(request, status, headers or {}, body.encode())
        outer = {MARK: "encrypted", KEY_ID: key_id}
        return httpx.Response(status, headers=outer, content=b'{"encrypted_data":"%b"}' % token)

    return answer


def says_plainly(status: int, body: bytes = b"{}", headers: Mapping[str, str] | None = None) -> Step:
    """Answer without a seal."""

    async def say(_peer: Peer, _request: OpenedRequest) -> httpx.Response:
        return httpx.Response(status, headers=headers, content=body)

    return say


def fails(error: BaseException) -> Step:
    """Raise an error instead of answering."""

    async def fail(_peer: Peer, _request: OpenedRequest) -> httpx.Response:
        raise error

    return fail


def after(seconds: float, step: Step) -> Step:
    """Run a step later."""

    async def wait(peer: Peer, request: OpenedRequest) -> httpx.Response:
        peer.time.now += seconds
        return await step(peer, request)

    return wait


OK = answers(200, body='{"ok":true}')


def dispatcher_to(*steps: Step, purpose: str = "requests") -> tuple[Dispatcher, Peer]:
    """Return a dispatcher of the order service whose product service follows a script."""
    time = Time()
    peer = Peer(time, list(steps))
    dispatcher = Dispatcher(
        {"product": "http://product"},
        Envelope("order", LINKS["order"]),
        make_transport=lambda: HttpxTransport(peer),
        purpose=purpose,
        sleep=time.sleep,
        clock=time,
    )
    return dispatcher, peer
