"""Deleting reservations that are closed."""

from datetime import timedelta

from chassis.postgres.database import Postgres
from chassis.postgres.purge import Expiry, purge
from product.models import IS_CLOSED, Reservation

KEEP_RESERVATIONS = timedelta(days=30)
"""
After the time in which they had to be committed. It is longer than anything that still concerns them may take: an order
gives up after minutes, and an event that comes twice is known for 30 days.
"""

EXPIRIES = (Expiry(Reservation.__table__.c.expires_at, KEEP_RESERVATIONS, only=IS_CLOSED, batch=200),)


async def purge_reservations(database: Postgres) -> None:
    """Delete what is released, expired or fulfilled, with its lines. The ledger of the stock stays whole."""
    await purge(database, EXPIRIES)
