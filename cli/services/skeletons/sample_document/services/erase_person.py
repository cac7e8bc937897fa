"""Erasing a person."""

from chassis.mongodb.database import MotorDatabase
from sample_document.models import SAMPLE_DOCUMENTS


async def erase_person(database: MotorDatabase, user_id: str) -> None:
    """Delete all sample documents of a person. Repeating it has no further effect."""
    await database[SAMPLE_DOCUMENTS].delete_many({"user_id": user_id})
