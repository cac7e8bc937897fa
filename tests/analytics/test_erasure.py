"""An erasure reaches a person's events under every spelling and every linked id, and no other person's."""

from typing import Any
from uuid import uuid4

import pytest

from analytics.counting.aggregate_dirty_minutes import aggregate_dirty_minutes
from analytics.ingestion.person_ids import spellings
from analytics.ingestion.store_events import store_events
from analytics.models import ERASED_USERS, ERASED_VISITORS, EVENTS, USER_DAYS
from analytics.privacy.erase_person import _BATCH
from analytics.privacy.erase_user import erase_user
from chassis.core.types import new_id
from chassis.mongodb.database import Document, MotorDatabase
from tests.analytics.asking import Ask, count
from tests.analytics.counted import days
from tests.analytics.counting import NOON, event, store_without_counts
from tests.support.aliases import Bearer, People

EMAIL = {"email": "ada@example.org"}
ANONYMOUS: dict[str, Any] = {"user_id": None, "anonymous_id": None, "subject": None, "data": {}}


def did(user: object = None, visitor: str | None = None, kind: str = "page", **data: object) -> Document:
    """An event of a person."""
    return event(kind=kind, user_id=user and str(user), anonymous_id=visitor, data={**EMAIL, **data})


async def events(database: MotorDatabase) -> dict[str, Document]:
    """The stored events, by id."""
    return {row["_id"]: row async for row in database[EVENTS].find()}


async def assert_erased(database: MotorDatabase, erased: list[Document], others: list[Document]) -> None:
    """Check that the first ones have only type, time and count, and that the others are unchanged."""
    now = await events(database)
    for one in erased:
        assert now[one["_id"]] == {**now[one["_id"]], **ANONYMOUS, "type": one["type"], "occurred_at": NOON}
    for one in others:
        was = {**one, "received_at": now[one["_id"]]["received_at"]}
        assert now[one["_id"]] == was
    assert len(now) == len(erased) + len(others)


class Receipts:
    """Reads records of erasures, as an admin."""

    def __init__(self, people: People, bearer: Bearer) -> None:
        self._client, self._headers = people["analytics"], bearer(role="admin")

    async def __call__(self, person: object) -> dict[str, tuple[int, int]]:
        """Return the number of ids and events of each kind."""
        path = f"/api/v1/analytics/erasures/{person}"
        answer = (await self._client.get(path, headers=self._headers)).json()
        by_kind = {kind: (one["ids"], one["events"]) for kind, one in answer["identities"].items()}
        assert answer["events"] == sum(number for _, number in by_kind.values())
        return by_kind


@pytest.fixture
def receipt(people: People, bearer: Bearer) -> Receipts:
    """Reads records of erasures."""
    return Receipts(people, bearer)


async def test_events_under_every_spelling_are_erased(database: MotorDatabase, receipt: Receipts) -> None:
    """Events from before ids were normalised are erased; a neighbour's stay, in any spelling."""
    ada, bob = new_id(), new_id()
    hers = [did(spelling) for spelling in spellings(str(ada))]
    his = [did(spelling) for spelling in spellings(str(bob))] + [did(ada.hex[:-1]), did()]
    await count(database, *hers, *his)
    before = await days(database)

    await erase_user(database, ada)

    await assert_erased(database, hers, his)
    assert await receipt(ada) == {"user_id": (1, len(hers)), "aliases": (0, 0), "anonymous_ids": (0, 0)}
    assert await days(database) == before
    assert not [row async for row in database[USER_DAYS].find({"user_id": {"$in": spellings(str(ada))}})]
    assert await database[USER_DAYS].count_documents({}) == len(his) - 1


@pytest.mark.parametrize("kind", ["identify", "page", "track"])
async def test_anonymous_visits_that_are_linked_are_erased(
    database: MotorDatabase, receipt: Receipts, kind: str
) -> None:
    """Any event with account and browser links them, whichever came first."""
    ada, bob = new_id(), new_id()
    hers = [did(None, "browser-1"), did(ada, "browser-1", kind), did(None, "browser-1"), did(None, "browser-2")]
    hers.append(did(ada, "browser-2", kind))
    others = [did(None, "browser-3"), did(bob, "browser-3"), did(bob), did()]
    await count(database, *hers, *others)

    await erase_user(database, ada)

    await assert_erased(database, hers, others)
    assert await receipt(ada) == {"user_id": (1, 2), "aliases": (0, 0), "anonymous_ids": (2, 3)}


async def test_another_account_in_the_same_browser_is_left_alone(database: MotorDatabase) -> None:
    """The browser's events without an account are erased; Bob's events there stay his."""
    ada, bob = new_id(), new_id()
    hers, shared = did(ada, "browser"), did(None, "browser")
    his = [did(bob, "browser"), did(bob, "phone"), did(None, "phone")]
    await count(database, hers, shared, *his)

    await erase_user(database, ada)

    await assert_erased(database, [hers, shared], his)


async def test_what_an_alias_has_linked_is_erased(database: MotorDatabase, receipt: Receipts) -> None:
    """An alias links an earlier id and a later one, their browsers, and the ids that are linked to those again.

    An id that an alias replaces may have been a user's or a browser's: the receipt counts it as both.
    """
    ada, bob = new_id(), new_id()
    hers = [
        did(ada, None, "alias", previousId="guest"),
        did("guest"),
        did("guest", "tablet"),
        did(None, "tablet"),
        did(None, "guest"),
        did("guest", None, "alias", previousId="visitor-7"),
        did("visitor-7"),
        did("ada@example.org", None, "alias", previousId=ada.hex),
        did("ada@example.org"),
    ]
    others = [did("guest-2"), did(bob, None, "alias", previousId="guest-2"), did(None, "tablet-2"), did(bob)]
    await count(database, *hers, *others)

    await erase_user(database, ada)

    await assert_erased(database, hers, others)
    assert await receipt(ada) == {"user_id": (1, 1), "aliases": (3, 6), "anonymous_ids": (4, 2)}


async def test_an_alias_reaches_nobody_elses_account(database: MotorDatabase) -> None:
    """A sender of events cannot have another's account erased together with their own."""
    eve, ada = new_id(), new_id()
    registered = event(kind="user.registered", user_id=str(ada), source="/services/user", anonymous_id=None)
    forged = [did(eve, None, "alias", previousId=str(ada)), did(ada, None, "alias", previousId=str(eve))]
    hers = [registered, did(ada), did(ada, "browser"), did(None, "browser")]
    await count(database, *hers, *forged)

    await erase_user(database, eve)

    await assert_erased(database, forged[:1], [*hers, forged[1]])


@pytest.mark.parametrize("late", ["spelling", "visit", "link", "alias", "later alias", "alias's own"])
async def test_what_arrives_after_the_erasure_is_erased(database: MotorDatabase, receipt: Receipts, late: str) -> None:
    """A late event is erased under any of the person's ids, or as a further link, and added to the record."""
    ada, bob = new_id(), new_id()
    before = [did(ada, "browser"), did(ada, None, "alias", previousId="guest")]
    new_visit, new_guest = did(None, "browser-2"), did("guest-2")
    others = [did(bob, "browser-3"), did(None, "browser-4"), did("guest-4")]
    await count(database, *before, *others, new_visit, new_guest)
    await erase_user(database, ada)
    arrives, with_it = {
        "spelling": (did(f"{{{ada}}}"), []),
        "visit": (did(None, "browser"), []),
        "link": (did(ada, "browser-2"), [new_visit]),
        "alias": (did(ada, None, "alias", previousId="guest-2"), [new_guest]),
        "later alias": (did("guest-2", None, "alias", previousId=str(ada)), [new_guest]),
        "alias's own": (did("guest"), []),
    }[late]
    total = sum(number for _, number in (await receipt(ada)).values())

    await store_events(database, [arrives, later := did(bob)])

    stay = [one for one in (new_visit, new_guest) if one not in with_it]
    await assert_erased(database, [*before, arrives, *with_it], [*others, *stay, later])
    assert sum(number for _, number in (await receipt(ada)).values()) == total + 1 + len(with_it)


async def test_an_erasure_that_was_interrupted_is_finished(
    database: MotorDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The links are stored before the events lose them, so repeating it misses nothing."""
    ada = new_id()
    visits, hers = [did(None, "browser"), did("guest")], did(ada, "browser", "alias", previousId="guest")
    await count(database, *visits, hers)

    async def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("analytics.privacy.erase_person._anonymise", killed)
        with pytest.raises(KeyboardInterrupt):
            await erase_user(database, ada)
    await database[EVENTS].delete_one({"_id": hers["_id"]})
    await erase_user(database, ada)

    await assert_erased(database, visits, [])


async def test_an_erasure_twice_changes_nothing_more(database: MotorDatabase, receipt: Receipts) -> None:
    """After a second erasure record and rows are as after the first."""
    ada = new_id()
    await count(database, did(ada, "browser", "alias", previousId="guest"), did("guest"), did(None, "browser"))
    await erase_user(database, ada)
    first = await receipt(ada), [row async for row in database[ERASED_USERS].find().sort("_id")]

    await erase_user(database, ada)

    assert (await receipt(ada), [row async for row in database[ERASED_USERS].find().sort("_id")]) == first
    assert await database[ERASED_VISITORS].count_documents({}) == 2


async def test_many_visits_are_erased(database: MotorDatabase, receipt: Receipts) -> None:
    """All visits are erased, also when there are more than fit into one batch."""
    ada, number = new_id(), 2 * _BATCH + 1
    await count(database, did(ada, "browser"), *(did(None, "browser") for _ in range(number)), other := did(None, "b"))

    await erase_user(database, ada)

    assert (await receipt(ada))["anonymous_ids"] == (1, number)
    assert await database[EVENTS].count_documents({"data": EMAIL}) == 1
    assert (await events(database))[other["_id"]]["data"] == EMAIL


async def test_an_alias_has_no_receipt_of_its_own(database: MotorDatabase, people: People, bearer: Bearer) -> None:
    """An alias has no record of its own; the account's record includes its events."""
    ada, guest = new_id(), uuid4()
    await count(database, did(ada, None, "alias", previousId=str(guest)))
    await erase_user(database, ada)

    path = f"/api/v1/analytics/erasures/{guest}"
    assert (await people["analytics"].get(path, headers=bearer(role="admin"))).status_code == 404


async def test_nothing_is_noted_of_an_erased_person_under_another_spelling(database: MotorDatabase) -> None:
    """No day of an alias is recorded; others' days are."""
    ada, bob = new_id(), new_id()
    await store_without_counts(database, [did(ada.hex), did("guest"), did(bob.hex)])
    await database[ERASED_USERS].insert_one({"_id": str(ada), "events": 0})
    await database[ERASED_USERS].insert_one({"_id": "guest", "person": str(ada)})

    await aggregate_dirty_minutes(database)

    assert [row["user_id"] async for row in database[USER_DAYS].find()] == [bob.hex]


async def test_an_erasure_needs_no_look_at_all_events(database: MotorDatabase) -> None:
    """All queries of an erasure use an index, however many events there are."""
    ada = str(new_id())
    for condition in (
        {"user_id": {"$in": spellings(ada)}},
        {"anonymous_id": {"$in": spellings(ada)}, "user_id": None},
        {"data.previousId": {"$in": spellings(ada)}, "type": "alias"},
        {"user_id": {"$in": spellings(ada)}, "type": "alias"},
    ):
        plan = await database.command({"explain": {"find": EVENTS, "filter": condition}, "verbosity": "queryPlanner"})
        assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"]), condition


async def test_a_person_is_asked_about_in_any_spelling(database: MotorDatabase, ask: Ask) -> None:
    """Events that were stored under another spelling are found too."""
    ada, bob = new_id(), new_id()
    await count(database, did(ada, path="/"), did(ada.hex, path="/"), did(bob, path="/"))
    day = {"since": "2026-11-20T00:00Z", "to": "2026-11-21T00:00Z"}

    for spelling in (str(ada), ada.hex, f"{{{ada}}}"):
        assert len((await ask(f"users/{spelling}/timeline"))["items"]) == 2
        assert (await ask("top", property="path", user_id=spelling, **day))["items"] == [{"value": "/", "count": 2}]
