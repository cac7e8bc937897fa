from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from chassis.application import application_of
from chassis.core.json import loads
from chassis.core.types import new_id
from chassis.messaging.event import cloud_event
from chassis.postgres.database import Postgres
from chassis.postgres.tables import outbox
from content.orm.tables import Base
from content.schemas import PageWrite
from content.services.create_page import create_page
from content.services.delete_page import delete_page
from content.services.update_page import update_page
from tests.content.conftest import Pages
from tests.support.databases import bystanders
from tests.support.delivering import deliver
from user.events import UserDeleted
from user.models import User

EDITOR = new_id()
SET = {"slug": "tea", "title": "Tea"}


async def published(database: Postgres, *statuses: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the events of a page that has these statuses one after the other, and is deleted then."""
    first, *later = statuses
    async with database.transaction() as session:
        page = await create_page(session, PageWrite.model_validate(SET | {"status": first}), EDITOR)
        for status in later:
            await update_page(session, page.id, {"status": status}, None, EDITOR)
        await delete_page(session, page.id, None, EDITOR)
        messages = (await session.scalars(select(outbox.c.message).order_by(outbox.c.position))).all()
        events = [loads(message.encode()) for message in messages]
        assert {(event["subject"], event["userid"]) for event in events} == {(page.id, str(EDITOR))}
        await session.rollback()
    return [(event["type"], event["data"]) for event in events]


PUBLISHED = ("content.page.published", SET)
DELETED = ("content.page.deleted", {"slug": "tea"})


@pytest.mark.parametrize(
    ("statuses", "times"),
    [
        (["DRAFT"], 0),
        (["PUBLISHED"], 1),
        (["PUBLISHED", "PUBLISHED"], 1),
        (["DRAFT", "PUBLISHED", "PUBLISHED", "ARCHIVED"], 1),
        (["DRAFT", "PUBLISHED", "DRAFT", "PUBLISHED"], 2),
    ],
)
async def test_each_publication_is_published(database: Postgres, statuses: list[str], times: int) -> None:
    """The event is of the transaction that makes a page visible; so is that of its deletion."""
    assert await published(database, *statuses) == [PUBLISHED] * times + [DELETED]


async def test_a_page_keeps_the_time_of_its_first_publication(editor: Pages) -> None:
    """A draft has none; one that is withdrawn and published again has the first."""
    page = await editor.create()
    seen = [page["published_at"]]
    for status in ("PUBLISHED", "DRAFT", "PUBLISHED"):
        answer = await editor.ask("PATCH", f"/{page['id']}", json={"status": status})
        seen.append(answer.json()["published_at"])

    assert (seen[0], len({*seen[1:]})) == (None, 1)
    assert (await editor.read(page["id"]))["published_at"] == seen[1] != None  # noqa: E711


async def test_pages_outlive_the_account_of_their_author(
    apps: dict[str, FastAPI], editor: Pages, editing: User, database: Postgres, colleague: Pages
) -> None:
    """Their author becomes null, and nothing else changes; pages of others stay, and the event has its effect once."""
    pages = [await editor.create(slug=slug) for slug in ("one", "two")]
    await colleague.create(slug="three")

    user = application_of(apps["user"]).dispatcher
    deleted = cloud_event(UserDeleted(subject=editing.id, user_id=editing.id), "user")
    async with bystanders(database, Base.metadata, *(page["id"] for page in pages)):
        assert await deliver(user, "content", deleted) == ["accepted"]
        assert await deliver(user, "content", deleted) == ["duplicate"]

    for page in pages:
        assert await colleague.read(page["id"]) == page | {"author_id": None}
