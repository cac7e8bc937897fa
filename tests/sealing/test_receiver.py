"""How the receiver handles a request, without a server."""

import asyncio
import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.core import context as request_context
from chassis.core import deadline
from chassis.core.context import RequestContext
from chassis.core.errors import BadRequest, UnsupportedMediaType
from chassis.sealing import body as bodies
from chassis.sealing.access import Access, Mode
from chassis.sealing.body import Overloaded, replaying
from chassis.sealing.envelope import Envelope
from chassis.sealing.headers import merge_headers
from chassis.sealing.keys import load_links
from chassis.sealing.replay import Claim
from chassis.sealing.server import Receiver
from tests.sealing.messages import Forge, Wire, as_setting, make_keys
from tests.sealing.tiny_sealed import Replays

CAP = 100
KEYS = make_keys("order", "tiny")
PUBLIC = Access(Mode.PUBLIC)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def disconnect() -> Message:
    """Receive the client's disconnection."""
    return {"type": "http.disconnect"}


async def answer(send: Send) -> None:
    """Return an empty answer."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@dataclass(slots=True)
class Served:
    """A receiver that serves one request at a time, and the requests that its route received."""

    replays: Replays = field(default_factory=Replays)
    bodies: list[bytes] = field(default_factory=list)
    scope: Scope = field(default_factory=dict)
    receiver: Receiver = field(init=False)
    sent: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Create the receiver."""
        envelope = Envelope("tiny", load_links("tiny", as_setting(KEYS), set()))
        self.receiver = Receiver(
            envelope, self.replays, strict=True, max_body=CAP, max_in_flight=1, on_open=lambda _scope: None
        )

    async def route(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Record the request, and answer."""
        self.scope = scope
        self.bodies.append((await receive())["body"])
        await answer(send)

    async def plain(
        self,
        body: bytes = b"",
        access: Access = PUBLIC,
        *,
        app: ASGIApp | None = None,
        receive: Receive | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Serve a plain request."""
        await self.wire(Wire("POST", "/", tuple((headers or {}).items()), body), access, app=app, receive=receive)

    async def wire(
        self,
        wire: Wire,
        access: Access,
        *,
        claims: bool = False,
        app: ASGIApp | None = None,
        receive: Receive | None = None,
    ) -> None:
        """Serve a request."""
        target, length = urlsplit(wire.target), ("content-length", str(len(wire.body)))
        scope = {
            "type": "http",
            "method": wire.method,
            "raw_path": target.path.encode(),
            "query_string": target.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in (*wire.headers, length)],
        }
        receive = receive or replaying(wire.body, disconnect)
        await self.receiver.serve(app or self.route, access, scope, receive, self.send, claims=claims)

    async def send(self, message: Message) -> None:
        """Record a sent message."""
        self.sent.append(message)


@pytest.fixture
def served() -> Served:
    """A receiver."""
    return Served()


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", " GZIP "])
async def test_a_packed_body_is_unpacked_where_that_is_taken(served: Served, encoding: str) -> None:
    """The route gets the unpacked body; the encoding's name is case-insensitive."""
    await served.plain(gzip.compress(b"body"), Access(Mode.PUBLIC, gzip=True), headers={"content-encoding": encoding})

    assert served.bodies == [b"body"]


@pytest.mark.parametrize("encoding", ["identity", ""])
async def test_an_encoding_that_is_none_changes_nothing(served: Served, encoding: str) -> None:
    """An encoding of ``identity``, or an empty one, means an uncompressed body."""
    await served.plain(b"body", Access(Mode.PUBLIC, gzip=True), headers={"content-encoding": encoding})

    assert served.bodies == [b"body"]


@pytest.mark.parametrize(("encoding", "takes_gzip"), [("br", True), ("gzip", False), ("identity", False)])
async def test_another_encoding_is_refused(served: Served, encoding: str, *, takes_gzip: bool) -> None:
    """Another encoding is refused before the body is read."""
    with pytest.raises(UnsupportedMediaType):
        await served.plain(b"body", Access(Mode.PUBLIC, gzip=takes_gzip), headers={"content-encoding": encoding})

    assert served.bodies == []


async def test_an_unpacked_body_counts_against_the_memory_of_all(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The packed and the unpacked body count together, and neither counts after a refusal."""
    monkeypatch.setattr(bodies, "MOST_BODY_BYTES", 1000)
    roomy = Access(Mode.PUBLIC, max_body=1000, gzip=True)

    for _ in range(2):
        with pytest.raises(Overloaded):
            await served.plain(gzip.compress(b"x" * 990), roomy, headers={"content-encoding": "gzip"})
        await served.plain(gzip.compress(b"x" * 900), roomy, headers={"content-encoding": "gzip"})

    assert served.bodies == [b"x" * 900] * 2


async def test_whoever_is_whole_last_finds_no_room(served: Served) -> None:
    """A body that completes while another request is served is refused, and no longer counts."""
    arrived, go, busy = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def arrive() -> Message:
        await arrived.wait()
        return {"type": "http.request", "body": b"late", "more_body": False}

    async def wait(_scope: Scope, _receive: Receive, send: Send) -> None:
        busy.set()
        await go.wait()
        await answer(send)

    late = asyncio.create_task(served.plain(b"late", receive=arrive))
    await asyncio.sleep(0)
    first = asyncio.create_task(served.plain(b"first", app=wait))
    await busy.wait()
    in_flight = served.receiver.in_flight
    arrived.set()
    with pytest.raises(Overloaded):
        await late
    go.set()
    await first

    assert (in_flight, served.receiver.in_flight, served.bodies) == (1, 0, [])


async def test_a_nul_never_reaches_a_route(served: Served) -> None:
    """A NUL byte and a malformed deadline are refused before the route."""
    with pytest.raises(BadRequest, match="NUL"):
        await served.plain(b"a=%00", headers={"content-type": "application/x-www-form-urlencoded"})
    with pytest.raises(BadRequest, match="X-Request-Timeout-Ms must be a whole number"):
        await served.plain(b"body", headers={"x-request-timeout-ms": "soon"})

    assert served.bodies == []


@pytest.mark.parametrize(("headers", "least_s", "most_s"), [({}, 5, 10), ({"x-request-timeout-ms": "4000"}, 0, 4)])
async def test_a_route_has_the_time_that_the_request_says(
    served: Served, headers: dict[str, str], least_s: float, most_s: float
) -> None:
    """The deadline is that of the header; by default it is 10 s."""
    left: list[float] = []

    async def look(_scope: Scope, _receive: Receive, send: Send) -> None:
        current = deadline.current()
        assert current
        left.append(current.remaining())
        await answer(send)

    await served.plain(app=look, headers=headers)

    assert least_s < left[0] <= most_s


async def test_an_answer_that_has_begun_is_not_stopped(served: Served) -> None:
    """The deadline may pass before the last part is sent."""

    async def go_on(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        current, is_over = deadline.current(), asyncio.Event()
        assert current
        asyncio.get_running_loop().call_later(current.remaining() + 0.005, is_over.set)
        await is_over.wait()
        await send({"type": "http.response.body", "body": b"whole"})

    await served.plain(app=go_on, headers={"x-request-timeout-ms": "1"})

    assert [message.get("body") for message in served.sent] == [None, b"whole"]


async def test_a_time_out_of_a_routes_own_is_no_deadline(served: Served) -> None:
    """A route's own TimeoutError is passed on as a fault of the route."""

    async def time_out(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        await served.plain(app=time_out)


@pytest.mark.parametrize("claims", [True, False], ids=["in the route's transaction", "before the route"])
async def test_a_route_is_handed_what_was_sealed(served: Served, *, claims: bool) -> None:
    """The route gets the inner body and headers with their length, the peer, its trace, and a nonce that it claims."""
    forge = Forge("order", "tiny", KEYS, "POST", "/things", "a=1", {"name": "cup"}, {"traceparent": TRACE})
    message = forge.message()

    with request_context.within(RequestContext("request-4711")) as context:
        await served.wire(message.wire, Access(Mode.SERVICE, max_body=4096), claims=claims)

    headers = dict(served.scope["headers"])
    assert served.bodies == [b'{"name":"cup"}']
    assert (headers[b"content-length"], headers[b"traceparent"]) == (b"14", TRACE.encode())
    assert (served.scope["state"]["caller"], context.traceparent) == ("order", TRACE)
    if claims:
        assert isinstance(served.scope["claim"], Claim)
        assert (served.scope["claim"].issuer, served.replays.seen) == ("order", set())
    else:
        assert "claim" not in served.scope
        assert {issuer for issuer, _ in served.replays.seen} == {"order"}


def test_inner_headers_take_the_place_of_outer_ones() -> None:
    """An outer header equal to an inner one appears once; type and length are those of the inside."""
    outer = [(b"host", b"tiny"), (b"if-match", b"7"), (b"content-type", b"text/plain"), (b"content-length", b"99")]

    merged = merge_headers(outer, {"if-match": "7", "content-type": "application/json"}, b"{}")

    assert sorted(merged) == [
        (b"content-length", b"2"),
        (b"content-type", b"application/json"),
        (b"host", b"tiny"),
        (b"if-match", b"7"),
    ]
