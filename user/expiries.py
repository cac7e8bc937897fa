"""How long the rows of this service are kept: sessions, mail tokens, attempts, audit entries."""

from datetime import timedelta

from sqlalchemy import func

from chassis.postgres.purge import Expiry
from user.models import AuditEntry, EmailToken, FamiliarNetwork, RefreshToken, Throttle, UserSession
from user.services.open_session import IDLE
from user.throttle import FORGET_AFTER

KEEP_AUDIT = timedelta(days=400)
KEEP_SESSIONS = timedelta(days=1)
"""After the end of a session; its access tokens have expired long before."""
KEEP_SPENT = IDLE
"""
How long the reuse of a spent refresh token ends the session; after that the token is unknown. A device that
is away for longer is logged out in any case.
"""
SESSIONS = 50
"""Sessions in one batch: each has some thousands of refresh tokens if it was refreshed every quarter of an hour."""

_sessions, _throttles = UserSession.__table__.c, Throttle.__table__.c
EXPIRIES = (
    Expiry(_sessions.expires_at, KEEP_SESSIONS, batch=SESSIONS),
    Expiry(_sessions.revoked_at, KEEP_SESSIONS, batch=SESSIONS),
    Expiry(RefreshToken.__table__.c.used_at, KEEP_SPENT),
    Expiry(EmailToken.__table__.c.expires_at, timedelta(0)),
    Expiry(FamiliarNetwork.__table__.c.expires_at, timedelta(0)),
    Expiry(_throttles.last_at, FORGET_AFTER, only=_throttles.blocked_until < func.now()),
    Expiry(AuditEntry.__table__.c.at, KEEP_AUDIT),
)
