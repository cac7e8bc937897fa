"""Erasing a person."""

from uuid import UUID

from analytics.models import ERASED_USERS
from analytics.privacy.erase_person import erase_person
from chassis.core.clock import utc_now
from chassis.mongodb.database import MotorDatabase


async def erase_user(database: MotorDatabase, user_id: UUID) -> None:
    """Anonymise a person's events, including those that arrive later. Repeating it has the same effect."""
    person = str(user_id)
    receipt = {"erased_at": utc_now(), "events": 0}
    await database[ERASED_USERS].update_one({"_id": person}, {"$setOnInsert": receipt}, upsert=True)
    await erase_person(database, person)
