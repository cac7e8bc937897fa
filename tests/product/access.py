"""Who may call each route of product, and what its requests are about."""

from datetime import timedelta
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import func

from product.models import Product, Reservation, ReservationLine
from tests.support.access import THING, AccessTable


async def make_things(apps: dict[str, FastAPI], _ada: UUID) -> dict[str, str]:
    """Create a product, and a reservation of a unit of it for the only order."""
    thing = UUID(THING)
    line = {"order_id": thing, "product_id": thing, "quantity": 1, "unit_price_minor": 19999, "name": "Teapot"}
    async with apps["product"].state.application.store.transaction() as session:
        session.add(Product(id=thing, name="Teapot", price_minor=19999, currency="EUR", stock=5))
        session.add(Reservation(order_id=thing, state="reserved", expires_at=func.now() + timedelta(hours=1)))
        session.add(ReservationLine(currency="EUR", **line))
    return {"product_id": THING, "order_id": THING}


TABLE = AccessTable(
    policies={
        # --- about order ---
        "POST /events": "service: order",
        # --- end about order ---
        "GET /api/v1/products": "open",
        "POST /api/v1/products": "admin",
        "GET /api/v1/products/{product_id}": "open",
        "PATCH /api/v1/products/{product_id}": "admin",
        "DELETE /api/v1/products/{product_id}": "admin",
        "POST /api/v1/products/{product_id}/stock": "admin",
        "GET /api/v1/products/{product_id}/stock/movements": "admin",
        # --- about order ---
        "POST /api/v1/reservations": "service: order",
        "GET /api/v1/reservations/{order_id}": "service: order",
        "POST /api/v1/reservations/{order_id}/commit": "service: order",
        "POST /api/v1/reservations/{order_id}/release": "service: order",
        # --- end about order ---
    },
    bodies={
        # --- about order ---
        "POST /events": [],
        "POST /api/v1/reservations": {"order_id": THING, "items": [{"product_id": THING, "quantity": 1}]},
        # --- end about order ---
        "POST /api/v1/products": {"name": "Teapot", "price": 199.99, "stock": 5},
        "PATCH /api/v1/products/{product_id}": {"stock": 3},
        "POST /api/v1/products/{product_id}/stock": {"change": 1, "reason": "Found."},
    },
    make_things=make_things,
)
