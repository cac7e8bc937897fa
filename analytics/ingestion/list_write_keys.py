"""Listing the write keys."""

from analytics.models import WRITE_KEYS
from chassis.mongodb.database import Document, MotorDatabase


async def list_write_keys(database: MotorDatabase) -> list[Document]:
    """Return all keys, also revoked ones, the oldest first, without the stored hash."""
    return [key async for key in database[WRITE_KEYS].find({}, {"hashed": False}).sort("created_at")]
