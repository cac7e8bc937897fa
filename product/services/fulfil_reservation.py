"""Noting that units have left the house."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from product.models import Reservation, ReservationState


async def fulfil_reservation(session: AsyncSession, order_id: UUID) -> None:
    """Close what is committed for an order; from now on a release gives nothing back."""
    committed = Reservation.order_id == order_id, Reservation.state == ReservationState.COMMITTED
    await session.execute(update(Reservation).where(*committed).values(state=ReservationState.FULFILLED))
