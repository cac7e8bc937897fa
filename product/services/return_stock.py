"""Returning reserved units to the stock."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from product.models import MovementKind, Reservation, StockMovement
from product.services.move_stock import move_stock


async def return_stock(session: AsyncSession, reservations: Sequence[Reservation], kind: MovementKind) -> None:
    """Return the units of *reservations*, which the transaction has locked with their products and closed."""
    movements = [
        StockMovement(product_id=line.product_id, quantity=line.quantity, kind=kind, order_id=line.order_id)
        for reservation in reservations
        for line in reservation.lines
    ]
    await move_stock(session, movements)
