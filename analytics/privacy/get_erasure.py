"""Reading the record of an erasure."""

from uuid import UUID

from analytics.errors import ErasureNotFound
from analytics.models import ERASED_USERS, ERASED_VISITORS
from analytics.queries.answers import Erased, ErasedIdentities, Erasure
from chassis.mongodb.database import MotorDatabase


async def get_erasure(database: MotorDatabase, user_id: UUID) -> Erasure:
    """
    Return when a person's events were anonymised, and their number by the kind of id that they had.

    Raises:
        ErasureNotFound: No person with this id was erased (404).
    """
    person = str(user_id)
    row = await database[ERASED_USERS].find_one({"_id": person, "person": {"$exists": False}})
    if not row:
        raise ErasureNotFound
    aliases = Erased(
        ids=await database[ERASED_USERS].count_documents({"person": person}), events=row.get("by_alias", 0)
    )
    visitors = Erased(
        ids=await database[ERASED_VISITORS].count_documents({"person": person}), events=row.get("by_visitor", 0)
    )
    account = Erased(ids=1, events=row["events"] - aliases.events - visitors.events)
    by_id = ErasedIdentities(user_id=account, aliases=aliases, anonymous_ids=visitors)
    return Erasure(user_id=user_id, erased_at=row["erased_at"], events=row["events"], identities=by_id)
