"""Noting that units have left the house."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from product.models import Product, Reservation, ReservationLine, ReservationState
from product.services.lock_products import lock_products


async def fulfil_reservation(session: AsyncSession, order_id: UUID) -> None:
    """Close what is committed for an order; its units are held no longer, and a release gives nothing back."""
    committed = Reservation.order_id == order_id, Reservation.state == ReservationState.COMMITTED
    close = update(Reservation).where(*committed).values(state=ReservationState.FULFILLED)
    if await session.scalar(close.returning(Reservation.order_id)):
        await _let_go(session, order_id)


async def _let_go(session: AsyncSession, order_id: UUID) -> None:
    products = select(ReservationLine.product_id).where(ReservationLine.order_id == order_id)
    await lock_products(session, await session.scalars(products))
    lines = ReservationLine.order_id == order_id, ReservationLine.product_id == Product.id
    await session.execute(
        update(Product).where(*lines).values(held=Product.held - ReservationLine.quantity),
        execution_options={"synchronize_session": False},
    )
