"""Reading a reservation."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from product.errors import ReservationNotFound
from product.models import Reservation


async def get_reservation(session: AsyncSession, order_id: UUID) -> Reservation:
    """
    Return the reservation of an order.

    Raises:
        ReservationNotFound: Nothing was ever reserved for it, nor released (404).
    """
    reservation = await session.scalar(select(Reservation).where(Reservation.order_id == order_id))
    if reservation is None:
        raise ReservationNotFound
    return reservation
