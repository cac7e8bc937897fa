"""Listing revoked sessions for other services."""

from datetime import datetime, timedelta

from chassis.postgres.database import Postgres
from chassis.postgres.nonces import Nonce
from chassis.postgres.statements import Statement
from chassis.sealing.replay import Claim
from user.schemas import Revocations

WINDOW = timedelta(minutes=20)
"""An access token lives for 15 minutes, so earlier revocations concern no valid token."""
OVERLAP = timedelta(seconds=30)
"""A revocation becomes visible when it is committed, perhaps seconds after its time; so lists overlap."""
_REVOKED = Statement(
    Nonce,
    """
    SELECT now() AS until, ARRAY(
        SELECT id FROM sessions
        WHERE revoked_at >= greatest(
            CAST(:since AS timestamptz) - CAST(:overlap AS interval), now() - CAST(:window AS interval)
        )
    ) AS sessions
    """,
)
"""Every worker of every service asks for it every few seconds."""


async def list_revocations(database: Postgres, claim: Claim | None, since: datetime | None) -> Revocations:
    """
    Return the sessions revoked since a time of this database's clock, and the time for the next request.

    Args:
        claim: The nonce of the sealed request, which is stored.
    """
    values = {"since": since, "overlap": OVERLAP, "window": WINDOW}
    (found,) = await database.run(_REVOKED, values, Nonce(claim))
    return Revocations(sessions=found["sessions"], until=found["until"])
