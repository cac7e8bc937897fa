"""The feed of the orders that have changed, with an order service that answers as the test wants."""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from chassis.core.errors import DeadlineExceeded, NotFound, ServiceUnavailable
from chassis.core.types import new_id
from gateway.calls import READ_CHANGES
from gateway.graphql.order_feed import AGAIN_S, FAILED_PAUSE_S, Follower, OrderFeed
from gateway.schemas.orders import Change, Changes, Status

ORDER, OTHER = new_id(), new_id()


def answer(until: str, *changes: tuple[UUID, Status]) -> Changes:
    """Return an answer of the order service."""
    return Changes(changes=[Change(order_id=order, status=status) for order, status in changes], until=until)


@dataclass(slots=True)
class Orders:
    """The order service: it has these answers, and then none. It lists the requests."""

    answers: list[Changes | Exception]
    asked: list[Mapping[str, str]] = field(default_factory=list)

    async def call(self, call: object, *, query: Mapping[str, str]) -> Changes:
        """Answer the next request."""
        assert call is READ_CHANGES
        self.asked.append(query)
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


@dataclass(slots=True)
class Sleeper:
    """Lists the pauses, and waits for none."""

    pauses: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        """Wait."""
        self.pauses.append(seconds)


def is_woken(follower: Follower) -> bool:
    """Return whether the follower reads its order now, and let it."""
    waiting: Any = follower.changed()
    try:
        waiting.send(None)
    except StopIteration:
        return True
    waiting.close()
    return False


async def look(feed: OrderFeed, orders: Orders, times: int = 1) -> None:
    """Let the feed ask, as often as periodic work would."""
    for _ in range(times):
        await feed.look(orders)  # type: ignore[arg-type] # it has the method


async def test_those_are_woken_who_have_not_read_the_latest_status() -> None:
    """Of an order that is named twice the last status counts; followers of another order sleep on."""
    feed = OrderFeed()
    with feed.following(ORDER) as behind, feed.following(ORDER) as current, feed.following(OTHER) as other:
        behind.status, current.status, other.status = Status.PENDING, Status.CONFIRMED, Status.PENDING
        await look(feed, Orders([answer("1", (ORDER, Status.PENDING), (ORDER, Status.CONFIRMED))]))

        assert [is_woken(one) for one in (behind, current, other)] == [True, False, False]
        assert not is_woken(behind)


async def test_a_change_during_the_first_read_is_not_missed() -> None:
    """A follower that has not read its order yet reads it once more."""
    feed = OrderFeed()
    with feed.following(ORDER) as follower:
        await look(feed, Orders([answer("1", (ORDER, Status.CONFIRMED))]))
        follower.status = Status.PENDING

        assert is_woken(follower)


async def test_the_order_service_is_asked_only_while_an_order_is_followed() -> None:
    """Without followers, also when the last has left, the feed waits for one."""
    feed, orders = OrderFeed(), Orders([answer("1"), answer("2")])
    with ExitStack() as followed:
        for order in (ORDER, ORDER, OTHER):
            followed.enter_context(feed.following(order))
        await look(feed, orders)
    waiting = asyncio.create_task(look(feed, orders))
    await asyncio.sleep(0)
    assert len(orders.asked) == 1

    with feed.following(ORDER):
        await waiting
    assert len(orders.asked) == 2


async def test_each_request_goes_on_where_the_last_answer_ended() -> None:
    """Every five seconds it is about the last 15 s, too, and finds what was committed late."""
    feed, orders = OrderFeed(clock=count(step=AGAIN_S / 2).__next__), Orders([answer(str(n)) for n in range(1, 6)])
    with feed.following(ORDER):
        await look(feed, orders, times=4)

    assert orders.asked == [{"again": "true"}, {"since": "1"}, {"since": "2", "again": "true"}, {"since": "3"}]


async def test_the_feed_begins_anew_for_the_next_follower() -> None:
    """It does not go through what has happened while no order was followed."""
    feed, orders = OrderFeed(), Orders([answer("1"), answer("2")])
    for _ in range(2):
        with feed.following(ORDER):
            await look(feed, orders)

    assert not feed.goes_on
    assert ["since" in query for query in orders.asked] == [False, False]


@pytest.mark.parametrize(
    ("failure", "goes_on"),
    [(ServiceUnavailable(), True), (DeadlineExceeded(), True), (NotFound(), False), (RuntimeError(), False)],
)
async def test_after_a_failure_nothing_is_missed(failure: Exception, *, goes_on: bool) -> None:
    """When the service is back, the feed goes on where it was. Where there is no feed, followers read by themselves."""
    sleep = Sleeper()
    feed, orders = OrderFeed(sleep), Orders([answer("1"), failure, answer("2", (ORDER, Status.CONFIRMED))])
    with feed.following(ORDER) as follower:
        follower.status = Status.PENDING
        await look(feed, orders)
        with pytest.raises(type(failure)):
            await look(feed, orders)
        went_on = feed.goes_on
        await look(feed, orders)

        assert (went_on, feed.goes_on, sleep.pauses) == (goes_on, True, [FAILED_PAUSE_S])
        assert orders.asked[2].get("since") == ("1" if goes_on else None)
        assert is_woken(follower)
