"""The version of a page, which changes with every writer: ours, Prisma's client, and SQL by hand."""

import asyncio
from functools import partial
from typing import Any

import asyncpg
import pytest

from cli.dev.polling import eventually
from tests.content.conftest import Pages

WRITES: list[tuple[str, dict[str, str] | None]] = [
    ("PATCH", {"title": "Ours"}),
    ("PUT", {"slug": "about-us", "title": "Ours"}),
    ("DELETE", None),
]
OTHERS = [
    """UPDATE "Page" SET title = 'Theirs', "updatedAt" = now()""",
    """UPDATE "Page" SET title = 'Theirs'""",
    """UPDATE "Page" SET title = 'x'; UPDATE "Page" SET title = 'Theirs'""",
]


@pytest.mark.parametrize("other", OTHERS, ids=["prisma", "by hand", "twice"])
@pytest.mark.parametrize(("method", "body"), WRITES)
async def test_a_write_does_not_undo_that_of_another_writer(
    editor: Pages, owner: "asyncpg.Connection[asyncpg.Record]", method: str, body: dict[str, Any] | None, other: str
) -> None:
    """With the tag of before the answer is 412 and nothing changes; with the current one the write is made."""
    page = await editor.create()
    path = f"/{page['id']}"
    before = (await editor.ask("GET", path)).headers["etag"]

    await owner.execute(other)

    stale = await editor.ask(method, path, json=body, headers={"If-Match": before})
    stored = await editor.ask("GET", path)
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert (stored.json()["title"], stored.headers["etag"] != before) == ("Theirs", True)
    current = await editor.ask(method, path, json=body, headers={"If-Match": stored.headers["etag"]})
    assert current.is_success


async def are_waiting(owner: "asyncpg.Connection[asyncpg.Record]", how_many: int) -> bool:
    """Return whether this many transactions wait for a lock."""
    return bool(await owner.fetchval("SELECT count(DISTINCT pid) = $1 FROM pg_locks WHERE NOT granted", how_many))


async def test_of_two_writes_at_once_one_is_made(editor: Pages, owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Both have read the same version, and wait for another writer's lock: the second is a 412."""
    page = await editor.create()
    tag = (await editor.ask("GET", f"/{page['id']}")).headers["etag"]

    async with owner.transaction():
        await owner.execute("""SELECT FROM "Page" FOR UPDATE""")
        writes = [
            asyncio.create_task(editor.ask("PATCH", f"/{page['id']}", json={"title": title}, headers={"If-Match": tag}))
            for title in ("First", "Second")
        ]
        assert await eventually(partial(are_waiting, owner, 2))
    answers = await asyncio.gather(*writes)

    assert sorted(one.status_code for one in answers) == [200, 412]
    (made,) = (one.json()["title"] for one in answers if one.status_code == 200)
    assert (await editor.read(page["id"]))["title"] == made


async def test_a_write_that_waits_for_another_without_a_tag_is_made_after_it(
    editor: Pages, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """It changes the newest version, and keeps the other's fields; a page that was published meanwhile is not again."""
    page = await editor.create()

    async with owner.transaction():
        await owner.execute(
            """UPDATE "Page" SET title = 'Theirs', status = 'PUBLISHED', "publishedAt" = '2026-01-01'"""
        )
        write = asyncio.create_task(editor.ask("PATCH", f"/{page['id']}", json={"body": "Ours", "status": "PUBLISHED"}))
        assert await eventually(partial(are_waiting, owner, 1))
    answer = await write

    assert (answer.status_code, answer.json()["title"]) == (200, "Theirs")
    stored = await editor.read(page["id"])
    assert (stored["title"], stored["body"], stored["published_at"]) == ("Theirs", "Ours", "2026-01-01T00:00:00Z")
    assert (
        await owner.fetchval("SELECT count(*) FROM content.outbox WHERE message LIKE '%content.page.published%'") == 0
    )
