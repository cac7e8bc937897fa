from typing import Any

import httpx
import pytest

from chassis.core import deadline
from chassis.dispatch.dispatcher import Dispatcher, UnknownService
from chassis.dispatch.httpx_transport import HttpxTransport
from chassis.sealing.envelope import Envelope
from chassis.sealing.wire import CLIENT_ADDRESS
from tests.support.scripted_transport import LINKS, OK, PATH, Peer, Time, dispatcher_to


@pytest.mark.parametrize("sealed", [True, False])
async def test_a_service_without_an_address_is_unknown(*, sealed: bool) -> None:
    """A service without an address is not called, sealed or plain, and no other is called in its place."""
    dispatcher, peer = dispatcher_to(OK)

    with pytest.raises(UnknownService, match="analytics"):
        await dispatcher.send("analytics", "GET", PATH, sealed=sealed)

    assert peer.seen == []
    assert dispatcher.targets() == {"product": "closed"}


async def test_a_service_without_a_link_is_called_in_plaintext_only_if_that_is_asked_for() -> None:
    """A sealed call to it is refused before anything is sent; a call of a public route needs no key."""
    asked: list[str] = []

    class Plain(HttpxTransport):
        async def send(self, method: str, address: Any, *_rest: Any) -> Any:  # noqa: ANN401
            asked.append(address.path)
            return await super().send(method, address, *_rest)

    peer = httpx.MockTransport(lambda _request: httpx.Response(200, content=b'{"keys":[]}'))
    dispatcher = Dispatcher({"user": "http://user"}, Envelope("order", LINKS["order"]), lambda: Plain(peer))

    with pytest.raises(UnknownService, match="user"):
        await dispatcher.send("user", "GET", PATH)
    assert asked == []

    assert (await dispatcher.send("user", "GET", "/jwks", sealed=False)).json() == {"keys": []}
    assert asked == ["/jwks"]


async def test_a_call_carries_what_it_was_given_and_nothing_else() -> None:
    """A call carries its person, key and content; without any of them it carries only its deadline."""
    dispatcher, peer = dispatcher_to(OK)

    await dispatcher.send(
        "product",
        "POST",
        f"{PATH}/a b",
        json={"name": "cup"},
        query={"limit": 1},
        bearer="token",
        idempotency_key="key",
        client_address="203.0.113.9",
    )
    await dispatcher.send("product", "GET", PATH)

    full, bare = (seen.request for seen in peer.seen)
    assert {name: value for name, value in full.headers.items() if name != deadline.HEADER} == {
        "authorization": "Bearer token",
        "content-type": "application/json",
        "idempotency-key": "key",
        CLIENT_ADDRESS: "203.0.113.9",
    }
    assert full.body == b'{"name":"cup"}'
    assert (set(bare.headers), bare.body) == ({deadline.HEADER}, b"")


async def test_every_connection_is_closed_although_one_cannot_be() -> None:
    """An error of one connection is raised after the others are closed."""
    closed: list[int] = []

    class Closing(HttpxTransport):
        def __init__(self) -> None:
            super().__init__(Peer(Time(), [OK]))
            made.append(self)

        async def aclose(self) -> None:
            if self is made[0]:
                raise OSError("stuck")
            closed.append(made.index(self))

    made: list[Closing] = []
    peers = {name: f"http://{name}" for name in ("product", "user", "analytics")}
    dispatcher = Dispatcher(peers, Envelope("order", LINKS["order"]), Closing)
    dispatcher.open()

    with pytest.raises(OSError, match="stuck"):
        await dispatcher.aclose()

    assert closed == [1, 2]
