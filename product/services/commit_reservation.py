"""Making a reservation final."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from product.errors import ReservationClosed
from product.models import IS_HELD, Reservation, ReservationState
from product.services.get_reservation import get_reservation


async def commit_reservation(session: AsyncSession, order_id: UUID) -> Reservation:
    """
    Keep what is reserved for an order, for good; again has no further effect.

    Raises:
        ReservationNotFound: Nothing was ever reserved for it (404).
        ReservationClosed: It was released, or its time is over (409).
    """
    commit = update(Reservation).where(Reservation.order_id == order_id, IS_HELD)
    committed = commit.values(state=ReservationState.COMMITTED).returning(Reservation)
    reservation = await session.scalar(committed, execution_options={"synchronize_session": False})
    if reservation is None:
        await get_reservation(session, order_id)
        raise ReservationClosed
    return reservation
