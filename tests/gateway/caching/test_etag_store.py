"""Reading again only what has changed: each read is confirmed, and what is stored is bounded."""

import pytest
from prometheus_client import REGISTRY
from pydantic import BaseModel

from chassis.core.errors import ServiceUnavailable
from chassis.dispatch.call import Call
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from chassis.dispatch.transport import ConnectFailed
from gateway.caching.etag_store import EtagStore
from tests.support.scripted_transport import Peer, Step, answers, dispatcher_to, fails


class Item(BaseModel):
    """What is read."""

    left: int


READ = Call("product", "GET", "/items/{item}", returns=Item, query=("ids",))
PERSONAL = Call("product", "GET", "/mine", returns=Item)


def tagged(left: int, tag: str = '"1"', more: str = "") -> Step:
    """Answer with a tag; *more* makes the body longer."""
    return answers(200, {"etag": tag}, f'{{"left":{left},"more":"{more}"}}')


UNCHANGED = answers(304, body="")


async def read(store: EtagStore, dispatcher: Dispatcher, item: int = 1) -> int:
    """Read an item."""
    return (await store.read(dispatcher, READ, path={"item": item})).left


def conditions(peer: Peer) -> list[str | None]:
    """Return the condition of each request."""
    return [one.request.headers.get("if-none-match") for one in peer.seen]


def counted() -> dict[str, float]:
    """Return the numbers of reads by outcome."""
    outcomes = ("new", "unchanged", "changed")
    return {one: REGISTRY.get_sample_value("etag_store_reads_total", {"outcome": one}) or 0.0 for one in outcomes}


async def test_an_answer_is_returned_again_once_it_is_confirmed() -> None:
    """Each read asks with the tag of the stored answer; a changed one takes its place. All are counted."""
    dispatcher, peer = dispatcher_to(tagged(3), UNCHANGED, tagged(2, '"2"'), UNCHANGED)
    store, before = EtagStore([READ]), counted()

    seen = [await read(store, dispatcher) for _ in range(4)]

    assert seen == [3, 3, 2, 2]
    assert conditions(peer) == [None, '"1"', '"1"', '"2"']
    assert {one: number - before[one] for one, number in counted().items()} == {"new": 1, "unchanged": 2, "changed": 1}


async def test_parameters_are_told_apart() -> None:
    """Another path or query is another answer."""
    dispatcher, peer = dispatcher_to(tagged(3))
    store = EtagStore([READ])

    for query in ({}, {"ids": ["1"]}, {"ids": ["1", "2"]}):
        for item in (1, 2):
            await store.read(dispatcher, READ, path={"item": item}, query=query)

    assert conditions(peer) == [None] * 6


async def test_without_the_service_nothing_is_returned() -> None:
    """A stored answer does not stand in for a service that does not answer; it is confirmed later."""
    dispatcher, peer = dispatcher_to(tagged(3), *[fails(ConnectFailed())] * 3, UNCHANGED)
    store = EtagStore([READ])
    await read(store, dispatcher)

    with pytest.raises(ServiceUnavailable):
        await read(store, dispatcher)

    assert await read(store, dispatcher) == 3
    assert conditions(peer)[-1] == '"1"'


async def test_what_is_gone_is_forgotten() -> None:
    """A refusal is passed on, and the stored answer removed."""
    dispatcher, peer = dispatcher_to(tagged(3), answers(404), tagged(4))
    store = EtagStore([READ])
    await read(store, dispatcher)

    with pytest.raises(RemoteError):
        await read(store, dispatcher)

    assert await read(store, dispatcher) == 4
    assert conditions(peer) == [None, '"1"', None]


async def test_an_answer_without_a_tag_is_not_stored() -> None:
    """It is read in full each time."""
    dispatcher, peer = dispatcher_to(answers(200, body='{"left":3}'))
    store = EtagStore([READ])

    assert [await read(store, dispatcher) for _ in range(2)] == [3, 3]
    assert conditions(peer) == [None, None]


async def test_what_depends_on_a_person_is_refused() -> None:
    """Only declared calls are stored, and they are made without a token: no answer reaches another person."""
    dispatcher, peer = dispatcher_to(tagged(3))
    store = EtagStore([READ])

    with pytest.raises(TypeError, match="GET /mine of product: its answer may depend on the person"):
        await store.read(dispatcher, PERSONAL)
    await read(store, dispatcher)

    assert ["authorization" in one.request.headers for one in peer.seen] == [False]


async def test_the_answer_read_longest_ago_gives_way() -> None:
    """The number of answers is bounded; reading one again keeps it."""
    dispatcher, peer = dispatcher_to(tagged(1), tagged(2), UNCHANGED, tagged(3), UNCHANGED, tagged(2))
    store = EtagStore([READ], entries=2)

    for item in (1, 2, 1, 3, 1, 2):
        await read(store, dispatcher, item)

    assert conditions(peer) == [None, None, '"1"', None, '"1"', None]


async def test_the_bytes_of_all_answers_are_bounded() -> None:
    """Larger answers leave room for fewer others; one over a quarter of the room is not stored, and replaces none."""
    longer, too_long = tagged(2, more="x" * 77), tagged(3, more="x" * 90)
    dispatcher, peer = dispatcher_to(tagged(1), *[longer] * 4, too_long, tagged(1), UNCHANGED)
    store = EtagStore([READ], size=400)

    for item in (1, 2, 3, 4, 5, 6, 1, 5):
        await read(store, dispatcher, item)

    assert conditions(peer) == [*[None] * 7, '"1"']
