"""Following an order: it is read again when the order service names it among the changes."""

from collections.abc import AsyncGenerator
from uuid import UUID

from chassis.core import deadline
from gateway.caller import Caller
from gateway.calls import READ_ORDER
from gateway.errors import CallFailed
from gateway.graphql.order_feed import OrderFeed
from gateway.schemas.orders import FINAL, OrderRead

_SERVER_ERROR = 500


async def follow_order(caller: Caller, feed: OrderFeed, order_id: UUID) -> AsyncGenerator[OrderRead, None]:
    """
    Yield an order as it is, and after each change until it cannot change any more.

    It is read with the person's token, so the order service decides each time. While that service is down the stream
    stays open.

    Raises:
        CallFailed: It cannot be read the first time, or the person may not read it.
    """
    last = None
    with feed.following(order_id) as follower:
        while last is None or last.status not in FINAL:
            try:
                order = await _read(caller, feed, order_id)
            except CallFailed as error:
                if last is None or error.failure.status < _SERVER_ERROR:
                    raise
                await follower.changed(is_behind=True)
                continue
            follower.status = order.status
            if order != last:
                last = order
                yield order
            if order.status not in FINAL:
                await follower.changed()


async def _read(caller: Caller, feed: OrderFeed, order_id: UUID) -> OrderRead:
    async with feed.turns:
        deadline.start(deadline.DEFAULT_S)  # of this read; that of the request ended with the head of its answer
        return await caller.call(READ_ORDER, path={"order_id": order_id})
