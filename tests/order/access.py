"""Who may call each route of order, and what its requests are about."""

from uuid import UUID

from fastapi import FastAPI

from order.models import Order, OrderLine, OrderTransition
from tests.product.access import make_things as make_product
from tests.support.access import THING, AccessTable


async def make_things(apps: dict[str, FastAPI], ada: UUID) -> dict[str, str]:
    """Create Ada's order of the only product."""
    await make_product(apps, ada)
    thing = UUID(THING)
    line = {"order_id": thing, "product_id": thing, "quantity": 1, "unit_price_minor": 19999, "name": "Teapot"}
    async with apps["order"].state.application.store.transaction() as session:
        session.add(Order(id=thing, user_id=ada, status="confirmed", total_price_minor=19999, currency="EUR"))
        await session.flush()
        session.add(OrderLine(position=0, **line))
        session.add(OrderTransition(order_id=thing, status="confirmed", cause="stock_committed"))
    return {"order_id": THING}


TABLE = AccessTable(
    policies={
        "POST /api/v1/orders": "person",
        "GET /api/v1/orders": "person",
        "GET /api/v1/orders/all": "admin",
        "GET /api/v1/orders/changes": "service",
        "GET /api/v1/orders/{order_id}": "owner/admin",
        "GET /api/v1/orders/{order_id}/history": "owner/admin",
        "POST /api/v1/orders/{order_id}/cancel": "owner/admin",
        "POST /api/v1/orders/{order_id}/fulfil": "admin",
    },
    bodies={
        "POST /api/v1/orders": {"product_id": THING, "quantity": 1},
    },
    queries={"GET /api/v1/orders/changes": "since=2000-01-01T00:00:00Z"},
    make_things=make_things,
)
