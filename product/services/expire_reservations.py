"""Ending reservations whose time is over."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from product.models import IS_RESERVED, MovementKind, Reservation, ReservationState
from product.services.return_stock import return_stock

BATCH = 100


async def expire_reservations(session: AsyncSession) -> int:
    """
    Expire up to BATCH reservations that were not committed in time, and put their units back into the stock.

    Safe in any number of workers at once: each skips what another has in hand.

    Returns:
        How many they were; with BATCH of them there may be more.
    """
    overdue = (
        select(Reservation)
        .where(IS_RESERVED, Reservation.expires_at <= func.now())
        .order_by(Reservation.expires_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    reservations = (await session.scalars(overdue)).all()
    for reservation in reservations:
        reservation.state = ReservationState.EXPIRED
    if reservations:
        await return_stock(session, reservations, MovementKind.EXPIRY)
    return len(reservations)
