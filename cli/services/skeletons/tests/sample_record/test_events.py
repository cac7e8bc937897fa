from fastapi import FastAPI
from sqlalchemy import select

from chassis.application import application_of
from chassis.core.json import loads
from chassis.core.types import new_id
from chassis.messaging.event import cloud_event
from chassis.postgres.database import Postgres
from chassis.postgres.tables import outbox
from sample_record.models import Base
from sample_record.schemas import SampleRecordCreate
from sample_record.services.create_sample_record import create_sample_record
from tests.sample_record.conftest import Owner
from tests.support.databases import bystanders
from tests.support.delivering import deliver
from user.events import UserDeleted


async def test_a_new_one_is_published_in_its_transaction(clean: None, database: Postgres) -> None:
    """The event names it, and the person."""
    person = new_id()
    async with database.transaction() as session:
        created = await create_sample_record(session, person, SampleRecordCreate(name="First"))
        (message,) = (await session.scalars(select(outbox.c.message))).all()

    event = loads(message.encode())
    assert (event["type"], event["subject"], event["userid"]) == (
        "sample_record.created",
        str(created.id),
        str(person),
    )


async def test_a_deleted_account_takes_its_own_along(
    apps: dict[str, FastAPI], ada: Owner, bob: Owner, database: Postgres
) -> None:
    """Another person's stay, and the event has its effect once."""
    await ada.create()
    await ada.create()
    kept = await bob.create()

    user = application_of(apps["user"]).dispatcher
    deleted = cloud_event(UserDeleted(subject=ada.user.id, user_id=ada.user.id), "user")
    async with bystanders(database, Base.metadata, str(ada.user.id)):
        assert await deliver(user, "sample_record", deleted) == ["accepted"]
        assert await deliver(user, "sample_record", deleted) == ["duplicate"]

    assert (await ada.list(), await bob.list()) == ([], [kept])
