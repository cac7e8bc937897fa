"""Finding the ids under which a person's events are stored."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from analytics.ingestion.person_ids import person_id, spellings
from analytics.models import ERASED_USERS, ERASED_VISITORS, EVENTS
from chassis.messaging.event import source_of
from chassis.mongodb.database import Document, MotorDatabase

ALIAS = "alias"
"""The type of an event that links ``data.previousId`` and ``user_id`` as one person."""


@dataclass(slots=True)
class Identities:
    """
    The ids of one person.

    Attributes:
        users: The account's id, and ids that aliases link to it.
        visitors: Anonymous ids of browsers and devices.
    """

    users: set[str] = field(default_factory=set)
    visitors: set[str] = field(default_factory=set)


async def find_identities(database: MotorDatabase, person: str) -> Identities:
    """
    Follow the links of a person in events and in earlier erasures.

    An event with ``user_id`` and ``anonymous_id`` links the browser; an alias links another id, whose links count too.
    An id with an account of its own is another person's. A browser links no further people: several may use it.
    """
    found = Identities(visitors=set(await database[ERASED_VISITORS].distinct("_id", {"person": person})))
    news = {person, *await database[ERASED_USERS].distinct("_id", {"person": person})}
    while news:
        found.users |= news
        aliases, visitors = await _linked(database, news)
        found.visitors |= visitors
        news = await _without_account(database, aliases - found.users)
    return found


async def _linked(database: MotorDatabase, users: Iterable[str]) -> tuple[set[str], set[str]]:
    """Return the other user ids and the anonymous ids linked to some users."""
    names = [name for user in users for name in spellings(user)]
    events, theirs = database[EVENTS], {"user_id": {"$in": names}}
    before = await events.distinct("data.previousId", {**theirs, "type": ALIAS})
    after = await events.distinct("user_id", {"data.previousId": {"$in": names}, "type": ALIAS})
    visitors = await events.distinct("anonymous_id", theirs)
    return _ids(before) | _ids(after), _ids(before) | _ids(visitors)


async def _without_account(database: MotorDatabase, users: Iterable[str]) -> set[str]:
    """Leave out ids for which the user service has published an event."""
    which: Document = {"user_id": {"$in": [name for user in users for name in spellings(user)]}}
    accounts = await database[EVENTS].distinct("user_id", {**which, "source": source_of("user")})
    return set(users) - _ids(accounts)


def _ids(values: Iterable[object]) -> set[str]:
    return {person_id(value) for value in values if isinstance(value, str)}
