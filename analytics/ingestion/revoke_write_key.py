"""Revoking a write key."""

from analytics.models import WRITE_KEYS
from chassis.core.clock import utc_now
from chassis.core.errors import NotFound
from chassis.mongodb.database import MotorDatabase


class NoSuchWriteKey(NotFound):
    """There is no key with this id (404)."""

    code = "no_such_write_key"
    message = "There is no write key with this id."


async def revoke_write_key(database: MotorDatabase, key_id: str) -> None:
    """
    Revoke a key: from now on it is refused. Repeating it keeps the first time.

    Raises:
        NoSuchWriteKey: There is no key with this id (404).
    """
    revoked = await database[WRITE_KEYS].update_one({"_id": key_id}, {"$min": {"revoked_at": utc_now()}})
    if not revoked.matched_count:
        raise NoSuchWriteKey
