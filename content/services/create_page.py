"""Creating a page."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging import outbox
from content.answers import ETAG, SUMMARY
from content.events import PagePublished
from content.orm.overrides import now
from content.orm.tables import Page, PageStatus
from content.schemas import PageWrite
from content.services.constraints import explaining_violations


async def create_page(session: AsyncSession, new: PageWrite, author: UUID) -> Row[Any]:
    """
    Store a page, and publish the event if it is published.

    Raises:
        SlugTaken: Another page has its slug (409).
        SectionNotFound: Its section does not exist (409).
    """
    values = new.model_dump(exclude={"metadata"}) | {"metadata_": new.metadata, "author_id": author}
    if new.status == PageStatus.PUBLISHED:
        values["published_at"] = now()
    with explaining_violations():
        page = (await session.execute(insert(Page).values(values).returning(*SUMMARY, ETAG))).one()
    if new.status == PageStatus.PUBLISHED:
        await outbox.add(session, PagePublished(subject=page.id, user_id=author, slug=page.slug, title=page.title))
    return page
