from fastapi import FastAPI

from chassis.application import application_of
from chassis.messaging.event import cloud_event
from chassis.mongodb.database import MongoDB
from tests.sample_document.conftest import Owner, others_unchanged
from tests.support.delivering import deliver
from user.events import UserDeleted, UserRegistered


async def test_a_deleted_account_takes_its_own_along(
    apps: dict[str, FastAPI], ada: Owner, bob: Owner, database: MongoDB
) -> None:
    """Another person's stay; the event may be delivered again, and an event of another type is refused."""
    await ada.create()
    await ada.create()
    kept = await bob.create()

    user = application_of(apps["user"]).dispatcher
    deleted = cloud_event(UserDeleted(subject=ada.user.id, user_id=ada.user.id), "user")
    registered = cloud_event(UserRegistered(subject=bob.user.id, user_id=bob.user.id), "user")
    async with others_unchanged(database, {"user_id": str(ada.user.id)}):
        assert await deliver(user, "sample_document", deleted, deleted) == ["accepted", "accepted"]
    assert await deliver(user, "sample_document", registered) == ["refused"]

    assert (await ada.list(), await bob.list()) == ([], [kept])
