"""The client for front ends orders."""

import pytest

from tests.clients.front_end import FrontEnd
from tests.order.shop import STOCK, Shop
from tests.user.logins import PASSWORD

pytestmark = pytest.mark.long


async def test_a_front_end_orders(front_end: FrontEnd, shop: Shop) -> None:
    """A person who has registered buys two teapots; an order of more than there are is a problem with its code."""
    teapot = await shop.product()

    profile, order, refused = await front_end.call(
        f"join('ada', 'ada@example.org', '{PASSWORD}')", f"buy('{teapot}', 2)", f"buy('{teapot}', 99)"
    )

    stored = [one for one in await shop.orders() if one["status"] == "confirmed"]
    assert stored == [order]
    assert order["user_id"] == profile["id"]
    assert refused["code"] == "insufficient_stock"
    assert await shop.stock_of(teapot) == STOCK - 2
