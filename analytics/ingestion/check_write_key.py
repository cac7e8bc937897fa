"""Checking a write key."""

import pymongo

from analytics.ingestion.write_keys import WriteKey
from analytics.models import WRITE_KEYS
from chassis.core.errors import Unauthenticated
from chassis.mongodb.database import MotorDatabase

LONGEST_S = 2.0
"""How long looking a key up may take, seconds."""
SEGMENT_MEMBERS = ("message",)
"""Clients of Segment and RudderStack read it; without it, RudderStack's for Python retries for a quarter of an hour."""


class InvalidWriteKey(Unauthenticated):
    """There is no write key, or it is not valid (401)."""

    code = "invalid_write_key"
    message = (
        "A valid write key is needed: as a Bearer token, or as the user name of Basic with an empty password; "
        "below /v1 also as writeKey in the body."
    )
    members = SEGMENT_MEMBERS


async def check_write_key(database: MotorDatabase, key: WriteKey | None) -> None:
    """
    Check a key. It is looked up each time, so a revoked key is refused at once.

    Raises:
        InvalidWriteKey: There is no key, or it is not valid (401).
        DatabaseUnavailable: The key cannot be looked up (503).
    """
    if key is None:
        raise InvalidWriteKey
    with pymongo.timeout(LONGEST_S):
        stored = await database[WRITE_KEYS].find_one({"_id": key.id, "revoked_at": {"$exists": False}})
    if stored is None or not key.matches(stored["hashed"]):
        raise InvalidWriteKey
