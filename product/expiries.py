"""How long closed reservations are kept, with their lines. The ledger of the stock is never purged."""

from datetime import timedelta

from chassis.postgres.purge import Expiry
from product.models import IS_CLOSED, Reservation

KEEP_RESERVATIONS = timedelta(days=30)
"""
Counted from the end of the time to commit them. They cannot be needed for longer: an order expires after minutes, and
the ids of handled events are stored for 30 days.
"""

EXPIRIES = (Expiry(Reservation.__table__.c.expires_at, KEEP_RESERVATIONS, only=IS_CLOSED, batch=200),)
