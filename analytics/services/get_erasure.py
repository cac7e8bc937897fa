"""The receipt of an erasure."""

from uuid import UUID

from analytics.errors import ErasureNotFound
from analytics.models import ERASED_USERS
from analytics.schemas.answers import Erasure
from chassis.mongodb import MotorDatabase


async def get_erasure(database: MotorDatabase, user_id: UUID) -> Erasure:
    """
    Say when a person's events were made nobody's, and how many they were.

    Raises:
        ErasureNotFound: Nobody of this id was erased (404).
    """
    row = await database[ERASED_USERS].find_one({"_id": str(user_id)})
    if not row:
        raise ErasureNotFound
    return Erasure(user_id=user_id, erased_at=row["erased_at"], events=row.get("events", 0))
