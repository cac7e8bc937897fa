"""Following an order: it is read again and again, less often while it does not change."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

from chassis.core import deadline
from gateway.caller import Caller
from gateway.calls import READ_ORDER
from gateway.schemas.orders import FINAL, OrderRead

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 10.0
BACK_OFF = 1.3


async def follow_order(caller: Caller, order_id: UUID) -> AsyncGenerator[OrderRead, None]:
    """
    Yield an order as it is, and after each change until it cannot change any more.

    It is read with the person's token: when that expires, or the person may not read the order, the stream ends with
    the error of the order service.

    Raises:
        CallFailed: It cannot be read.
    """
    last, pause_s = None, FIRST_PAUSE_S
    while last is None or last.status not in FINAL:
        deadline.start(deadline.DEFAULT_S)  # of this read; that of the request ended with the head of its answer
        order = await caller.call(READ_ORDER, path={"order_id": order_id})
        if order != last:
            last, pause_s = order, FIRST_PAUSE_S
            yield order
        else:
            pause_s = min(pause_s * BACK_OFF, LONGEST_PAUSE_S)
        if order.status not in FINAL:
            await asyncio.sleep(pause_s)
