"""The running service, while the other team changes its tables."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import pytest

from chassis.postgres.database import POOL_SIZE, Postgres
from content.orm.tables import Base
from tests.content.conftest import Pages
from tests.support.databases import bystanders

FAILS = (503, "schema_changed")
CONNECTIONS = 2 * POOL_SIZE


@dataclass(frozen=True, slots=True)
class Change:
    """
    A change of the tables, and what undoes it.

    Args:
        place: What is named.
        expected: The status of listing pages, reading one, creating one and changing one.
        breaks: Whether the service is not ready.
    """

    do: str
    undo: str
    place: str
    expected: list[object]
    breaks: bool = True


NEW_ENUM = """
    DROP VIEW "PublishedPage";
    CREATE TYPE "New" AS ENUM ({values});
    ALTER TABLE "Page" ALTER status DROP DEFAULT;
    ALTER TABLE "Page" ALTER status TYPE "New" USING (status::text::"New");
    DROP TYPE "PageStatus";
    ALTER TYPE "New" RENAME TO "PageStatus";
    ALTER TABLE "Page" ALTER status SET DEFAULT 'DRAFT';
    CREATE VIEW "PublishedPage" AS
        SELECT id, slug, title, tags, "sectionId", "publishedAt" FROM "Page" WHERE status = 'PUBLISHED';
"""
"""How Prisma changes an enum: the new type gets the name of the old one."""
SET_STATUS = 'UPDATE "Page" SET status ='
VALUES = "'DRAFT', 'PUBLISHED', 'ARCHIVED'"
WITHOUT_REVIEW = NEW_ENUM.format(values=VALUES)
WITH_REVIEW = NEW_ENUM.format(values=f"{VALUES}, 'REVIEW'")
CHANGES = {
    "renamed": Change(
        'ALTER TABLE "Page" RENAME body TO text',
        'ALTER TABLE "Page" RENAME text TO body',
        "Page.body: the column is missing (renamed to text?)",
        [200, FAILS, FAILS, 200],
    ),
    "dropped": Change(
        'ALTER TABLE "Page" DROP metadata',
        """ALTER TABLE "Page" ADD metadata jsonb NOT NULL DEFAULT '{}'""",
        "Page.metadata: the column is missing",
        [200, FAILS, FAILS, 200],
    ),
    "null": Change(
        'ALTER TABLE "Page" ALTER body DROP NOT NULL; UPDATE "Page" SET body = NULL',
        """UPDATE "Page" SET body = ''; ALTER TABLE "Page" ALTER body SET NOT NULL""",
        "Page.body: it may be null",
        [200, FAILS, 201, 200],
        breaks=False,
    ),
    "type": Change(
        'ALTER TABLE "Page" ALTER "createdAt" DROP DEFAULT, ALTER "createdAt" TYPE text',
        """ALTER TABLE "Page" ALTER "createdAt" TYPE timestamp(3) USING "createdAt"::timestamp(3),
            ALTER "createdAt" SET DEFAULT CURRENT_TIMESTAMP""",
        "Page.createdAt: its type is text, no longer timestamp(3) without time zone",
        [FAILS, FAILS, FAILS, FAILS],
    ),
    "value": Change(
        f"{WITH_REVIEW} {SET_STATUS} 'REVIEW'",
        f"{SET_STATUS} 'DRAFT'; {WITHOUT_REVIEW}",
        "Page.status: of its values, REVIEW is new",
        [200, FAILS, 201, FAILS],
        breaks=False,
    ),
    "required": Change(
        """ALTER TABLE "Page" ADD locale text NOT NULL DEFAULT 'en'; ALTER TABLE "Page" ALTER locale DROP DEFAULT""",
        'ALTER TABLE "Page" DROP locale',
        "Page.locale: the column is new, required and without a default",
        [200, 200, FAILS, 200],
    ),
    "table": Change(
        'ALTER TABLE "Page" RENAME TO "WebPage"',
        'ALTER TABLE "WebPage" RENAME TO "Page"',
        "Page: the table is missing",
        [FAILS, FAILS, FAILS, FAILS],
    ),
}


async def use_every_connection(editor: Pages, page_id: str) -> None:
    """Have each request met on each connection: those with statements for the former tables are replaced."""
    for method, path, body in (
        ("GET", "", None),
        ("GET", f"/{page_id}", None),
        ("PATCH", f"/{page_id}", {"title": "x"}),
    ):
        await asyncio.gather(*(editor.ask(method, path, json=body) for _ in range(CONNECTIONS)))


async def outcomes(editor: Pages, page_id: str) -> list[object]:
    """Return the status of listing pages, reading one, creating one and changing one, with the code of a problem."""
    answers = [
        await editor.ask("GET"),
        await editor.ask("GET", f"/{page_id}"),
        await editor.ask("POST", json={"slug": "another", "title": "Another"}),
        await editor.ask("PATCH", f"/{page_id}", json={"title": "Changed"}),
    ]
    if answers[2].is_success:
        await editor.ask("DELETE", f"/{answers[2].json()['id']}")
    codes = [one.json().get("code") for one in answers]
    return [(one.status_code, code) if code else one.status_code for one, code in zip(answers, codes, strict=True)]


@asynccontextmanager
async def changed(owner: "asyncpg.Connection[asyncpg.Record]", change: Change) -> AsyncIterator[None]:
    """Change the tables during the block."""
    await owner.execute(change.do)
    try:
        yield
    finally:
        await owner.execute(change.undo)


async def is_ready(editor: Pages) -> tuple[int, str]:
    """Return the status of the service, and what it reports of the tables."""
    answer = await editor.http.get("/readyz")
    return answer.status_code, answer.json()["checks"]["tables"]


@pytest.mark.parametrize("name", CHANGES)
async def test_requests_that_need_what_has_changed_are_a_503(
    editor: Pages, owner: "asyncpg.Connection[asyncpg.Record]", name: str
) -> None:
    """Others succeed, readiness names the difference, and all works again once it is undone, on every connection."""
    change = CHANGES[name]
    page = await editor.create(status="PUBLISHED")
    await use_every_connection(editor, page["id"])

    async with changed(owner, change):
        await use_every_connection(editor, page["id"])
        found = await outcomes(editor, page["id"])
        status, report = await is_ready(editor)

    assert found == change.expected, report
    assert (status, change.place in report) == (503 if change.breaks else 200, True), report
    await use_every_connection(editor, page["id"])
    assert await outcomes(editor, page["id"]) == [200, 200, 201, 200]
    assert await is_ready(editor) == (200, "up")


async def test_a_write_that_fails_changes_nothing(
    editor: Pages, database: Postgres, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """A page whose title has become null cannot be answered, so its change is not stored either."""
    page = await editor.create()
    change = Change(
        'ALTER TABLE "Page" ALTER title DROP NOT NULL; UPDATE "Page" SET title = NULL',
        """UPDATE "Page" SET title = 'x'; ALTER TABLE "Page" ALTER title SET NOT NULL""",
        "",
        [],
    )

    async with changed(owner, change), bystanders(database, Base.metadata):
        await editor.ask("PATCH", f"/{page['id']}", json={"body": "new"})
        answer = await editor.ask("PATCH", f"/{page['id']}", json={"body": "new"})

    assert (answer.status_code, answer.json()["code"]) == (503, "schema_changed")


@pytest.mark.parametrize(
    "statement",
    [
        'ALTER TABLE "Page" ADD x int',
        'DROP TABLE "Page"',
        'TRUNCATE "Page"',
        "CREATE TABLE x (y int)",
        "CREATE TABLE public.x (y int)",
        "CREATE TEMPORARY TABLE x (y int)",
        "CREATE SCHEMA x",
        "DROP TABLE content.outbox",
    ],
)
async def test_the_service_cannot_change_the_tables(environment: dict[str, str], statement: str) -> None:
    """Its role reads and writes rows, and nothing else."""
    connection = await asyncpg.connect(environment["CONTENT_DATABASE_URL"].replace("+asyncpg", ""))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()
