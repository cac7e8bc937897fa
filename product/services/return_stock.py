"""Giving reserved units back."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from product.models import MovementKind, Reservation, StockMovement
from product.services.lock_products import lock_products
from product.services.move_stock import move_stock


async def return_stock(session: AsyncSession, reservations: Sequence[Reservation], kind: MovementKind) -> None:
    """Put the units of *reservations*, which the transaction has just closed, back into the stock."""
    movements = [
        StockMovement(product_id=line.product_id, quantity=line.quantity, kind=kind, order_id=line.order_id)
        for reservation in reservations
        for line in reservation.lines
    ]
    await lock_products(session, (movement.product_id for movement in movements))
    await move_stock(session, movements)
