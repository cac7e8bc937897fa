"""Creating a write key."""

from analytics.ingestion.write_keys import WriteKey
from analytics.models import WRITE_KEYS
from chassis.core.clock import utc_now
from chassis.mongodb.database import MotorDatabase


async def add_write_key(database: MotorDatabase, name: str) -> WriteKey:
    """Create a key for a program called *name*; the secret cannot be read again after this."""
    key = WriteKey.make()
    await database[WRITE_KEYS].insert_one({"_id": key.id, "name": name, "hashed": key.hashed, "created_at": utc_now()})
    return key
