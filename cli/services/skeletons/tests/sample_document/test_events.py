from uuid import UUID

from fastapi import FastAPI

from chassis.application import application_of
from chassis.messaging.event import cloud_event
from chassis.messaging.event_batch import CloudEvent, delivery_to
from chassis.mongodb.database import MongoDB
from tests.sample_document.conftest import Owner, others_unchanged
from user.events import UserDeleted, UserRegistered


async def deliver(apps: dict[str, FastAPI], kind: type[UserDeleted | UserRegistered], user_id: UUID) -> str:
    """Deliver an event of a person's account; returns the outcome."""
    event = CloudEvent.model_validate(cloud_event(kind(subject=user_id, user_id=user_id), "user"))
    dispatcher, call = application_of(apps["user"]).dispatcher, delivery_to("sample_document")
    return (await dispatcher.call(call, [event]))[0].outcome


async def test_a_deleted_account_takes_its_own_along(
    apps: dict[str, FastAPI], ada: Owner, bob: Owner, database: MongoDB
) -> None:
    """Another person's stay; the event may be delivered again, and an event of another type is refused."""
    await ada.create()
    await ada.create()
    kept = await bob.create()

    async with others_unchanged(database, {"user_id": str(ada.user.id)}):
        assert [await deliver(apps, UserDeleted, ada.user.id) for _ in range(2)] == ["accepted", "accepted"]
    assert await deliver(apps, UserRegistered, bob.user.id) == "refused"

    assert (await ada.list(), await bob.list()) == ([], [kept])
