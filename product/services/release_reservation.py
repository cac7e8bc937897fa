"""Releasing a reservation."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from product.models import MovementKind, Reservation, ReservationState
from product.services.get_reservation import get_reservation
from product.services.lock_products import lock_reserved_products
from product.services.return_stock import return_stock

_GIVEN_BACK_AS = {
    ReservationState.RESERVED: MovementKind.RELEASE,
    ReservationState.COMMITTED: MovementKind.RETURN,
}


async def release_reservation(session: AsyncSession, order_id: UUID) -> Reservation:
    """
    Return an order's reserved or committed units to the stock; has no effect if they were released or have expired.

    An order without a reservation gets a released one (a tombstone): a reserve that arrives later is refused.
    """
    if await _bury(session, order_id):
        return await get_reservation(session, order_id)
    await lock_reserved_products(session, [order_id])
    locked = select(Reservation).where(Reservation.order_id == order_id).with_for_update()
    reservation = (await session.scalars(locked)).one()
    if kind := _GIVEN_BACK_AS.get(ReservationState(reservation.state)):
        reservation.state = ReservationState.RELEASED
        await return_stock(session, [reservation], kind)
    return reservation


async def _bury(session: AsyncSession, order_id: UUID) -> bool:
    """Insert a tombstone unless the order has a reservation; waits for one that is being created."""
    tombstone = insert(Reservation).values(order_id=order_id, state=ReservationState.RELEASED, expires_at=func.now())
    buried = await session.scalar(tombstone.on_conflict_do_nothing().returning(Reservation.order_id))
    return buried is not None
