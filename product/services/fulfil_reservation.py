"""Closing the reservation of an order that was shipped."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from product.models import Product, Reservation, ReservationLine, ReservationState
from product.services.lock_products import lock_reserved_products


async def fulfil_reservation(session: AsyncSession, order_id: UUID) -> None:
    """Close the committed reservation of an order: its units are no longer held, and a release returns none."""
    await lock_reserved_products(session, [order_id])
    committed = Reservation.order_id == order_id, Reservation.state == ReservationState.COMMITTED
    close = update(Reservation).where(*committed).values(state=ReservationState.FULFILLED)
    if await session.scalar(close.returning(Reservation.order_id)):
        await _hold_no_longer(session, order_id)


async def _hold_no_longer(session: AsyncSession, order_id: UUID) -> None:
    lines = ReservationLine.order_id == order_id, ReservationLine.product_id == Product.id
    await session.execute(
        update(Product).where(*lines).values(held=Product.held - ReservationLine.quantity),
        execution_options={"synchronize_session": False},
    )
