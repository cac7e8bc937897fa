"""Forgetting a person."""

from uuid import UUID

from analytics.models import ERASED_USERS, USER_DAYS
from analytics.services.anonymise_erased import anonymise_erased
from chassis.clock import utc_now
from chassis.mongodb import MotorDatabase


async def erase_user(database: MotorDatabase, user_id: UUID) -> None:
    """Anonymise a person's events, those that arrive later too. Done twice, it has the same effect."""
    person = str(user_id)
    receipt = {"erased_at": utc_now(), "events": 0}
    await database[ERASED_USERS].update_one({"_id": person}, {"$setOnInsert": receipt}, upsert=True)
    await anonymise_erased(database, [{"user_id": person}])
    await database[USER_DAYS].delete_many({"user_id": person})
