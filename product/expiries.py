"""How long reservations that are closed are kept, with their lines. The ledger of the stock stays whole."""

from datetime import timedelta

from chassis.postgres.purge import Expiry
from product.models import IS_CLOSED, Reservation

KEEP_RESERVATIONS = timedelta(days=30)
"""
After the time in which they had to be committed. It is longer than anything that still concerns them may take: an order
gives up after minutes, and an event that comes twice is known for 30 days.
"""

EXPIRIES = (Expiry(Reservation.__table__.c.expires_at, KEEP_RESERVATIONS, only=IS_CLOSED, batch=200),)
