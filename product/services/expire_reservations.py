"""Expiring reservations that were not committed in time."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.postgres.database import Postgres
from chassis.postgres.statements import Statement
from product.models import IS_RESERVED, MovementKind, Reservation, ReservationState
from product.services.lock_products import lock_reserved_products
from product.services.return_stock import return_stock

BATCH = 100

_LOOK = Statement(
    "SELECT EXISTS (SELECT FROM reservations WHERE state = 'reserved' AND expires_at <= now()) AS is_overdue"
)


async def is_any_overdue(database: Postgres) -> bool:
    """Whether there is a reservation to expire: one statement, which each worker runs every second."""
    (found,) = await database.run(_LOOK, {})
    return bool(found["is_overdue"])


async def expire_reservations(session: AsyncSession) -> int:
    """
    Expire up to BATCH reservations that were not committed in time, and return their units to the stock.

    Safe in any number of workers at once: each skips reservations that another transaction has locked.

    Returns:
        How many have expired; with BATCH of them there may be more.
    """
    is_overdue = IS_RESERVED, Reservation.expires_at <= func.now()
    overdue = select(Reservation.order_id).where(*is_overdue).order_by(Reservation.expires_at).limit(BATCH)
    order_ids = (await session.scalars(overdue)).all()
    if not order_ids:
        return 0
    await lock_reserved_products(session, order_ids)
    still_overdue = select(Reservation).where(Reservation.order_id.in_(order_ids), *is_overdue)
    reservations = (await session.scalars(still_overdue.with_for_update(skip_locked=True))).all()
    for reservation in reservations:
        reservation.state = ReservationState.EXPIRED
    if reservations:
        await return_stock(session, reservations, MovementKind.EXPIRY)
    return len(reservations)
