import asyncio
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select

from chassis.postgres.database import Postgres
from content.orm.tables import Base, Page
from tests.content.conftest import Pages
from tests.support.databases import bystanders
from user.models import User

WHOLE = {
    "slug": "teapots",
    "title": "Teapots",
    "body": " <b>as it is</b>\r\n\t\x01 ",
    "status": "PUBLISHED",
    "tags": ["tea", "pots"],
    "metadata": {"layout": {"columns": [1, 2.5, None, True, "x"]}},
}


async def stored(database: Postgres, page_id: str) -> Page | None:
    """Return what is stored of a page."""
    async with database.transaction() as session:
        return (await session.scalars(select(Page).where(Page.id == page_id))).one_or_none()


async def test_a_page_is_stored_as_it_was_sent(editor: Pages, reader: Pages, editing: User, database: Postgres) -> None:
    """All may read it, by its id and by its slug; what is answered equals what is stored, to the millisecond."""
    answer = await editor.ask("POST", json=WHOLE)

    assert answer.status_code == 201
    page = await reader.ask("GET", answer.headers["location"].removeprefix("/api/v1/pages"))
    assert (page.json(), page.headers["etag"]) == (
        answer.json() | {"body": WHOLE["body"], "metadata": WHOLE["metadata"]},
        answer.headers["etag"],
    )
    assert page.json() | WHOLE | {"author_id": str(editing.id), "section_id": None} == page.json()
    assert (await reader.ask("GET", "/by-slug/teapots")).json() == page.json()
    row = await stored(database, page.json()["id"])
    assert row is not None
    times = {name: getattr(row, name) for name in ("created_at", "updated_at", "published_at")}
    assert {name: page.json()[name] for name in times} == {
        name: time.isoformat().replace("+00:00", "Z") for name, time in times.items()
    }
    assert {time.microsecond % 1000 for time in times.values()} == {0}
    assert (row.body, row.metadata_, row.tags) == (WHOLE["body"], WHOLE["metadata"], WHOLE["tags"])


async def test_a_draft_does_not_exist_for_others(editor: Pages, reader: Pages, person: Pages) -> None:
    """It is not found by id or slug, as if it did not exist, and not listed; an archived page neither."""
    for status in ("DRAFT", "ARCHIVED"):
        page = await editor.create(slug=f"a-{status.lower()}", status=status)
        for path in (f"/{page['id']}", f"/by-slug/{page['slug']}"):
            assert (await editor.ask("GET", path)).json() == page
            for one in (reader, person):
                hidden, missing = await one.ask("GET", path), await one.ask("GET", f"{path}x")
                assert (hidden.status_code, missing.status_code) == (404, 404)
                different = {"request_id": ""}
                assert hidden.json() | different == missing.json() | different

    assert await reader.slugs() == await person.slugs() == await editor.slugs() == []
    assert await editor.slugs(status="DRAFT") == ["a-draft"]


@pytest.mark.parametrize("status", ["DRAFT", "ARCHIVED"])
async def test_only_editors_list_other_pages(reader: Pages, person: Pages, status: str) -> None:
    """The refusal is a 403 that says what to change."""
    for one in (reader, person):
        answer = await one.ask("GET", params={"status": status})
        assert (answer.status_code, "leave 'status' out" in answer.json()["detail"]) == (403, True)


@pytest.mark.parametrize("token", ["Bearer x", "Basic YTpi", "Bearer"])
async def test_an_invalid_token_is_not_ignored(reader: Pages, token: str) -> None:
    """A person whose token has expired is told so, and does not miss pages."""
    for path in ("", "/x", "/by-slug/x"):
        assert (await reader.ask("GET", path, headers={"Authorization": token})).status_code == 401


async def test_caches_ask_whether_a_page_has_changed(editor: Pages, reader: Pages) -> None:
    """An unchanged page and list are a 304; what an editor sees is stored by no shared cache."""
    page = await editor.create(status="PUBLISHED")
    for path in ("", f"/{page['id']}", "/by-slug/about-us"):
        answer = await reader.ask("GET", path)
        same = await reader.ask("GET", path, headers={"If-None-Match": answer.headers["etag"]})
        editors = await editor.ask("GET", path)

        assert (same.status_code, same.headers["etag"]) == (304, answer.headers["etag"])
        assert answer.headers["cache-control"] == same.headers["cache-control"] == "public, no-cache"
        assert editors.headers["cache-control"] == "private, no-cache"
        assert "Authorization" in answer.headers["vary"]


INVALID: list[dict[str, Any]] = [
    {"slug": "About us"},
    {"slug": "-a"},
    {"slug": "x" * 201},
    {"title": ""},
    {"title": "\u200b"},
    {"title": 1},
    {"title": None},
    {"body": None},
    {"body": "x" * 200_001},
    {"status": "published"},
    {"status": None},
    {"tags": None},
    {"tags": [""]},
    {"tags": ["x"] * 21},
    {"metadata": []},
    {"metadata": None},
    {"metadata": {"a": "x" * 16_384}},
    {"metadata": {"a": [[[[[[[[1]]]]]]]]}},
    {"metadata": {"a": 2**53 + 1}},
    {"metadata": {"a": [1e308 * 10]}},
    {"section_id": 1},
    {"author_id": "0197a6b2-0000-7000-8000-000000000000"},
    {"id": "x"},
    {"published_at": "2026-01-01T00:00:00Z"},
]


@pytest.mark.parametrize("wrong", INVALID, ids=lambda one: f"{one}"[:30])
async def test_an_invalid_page_is_refused(editor: Pages, database: Postgres, wrong: dict[str, Any]) -> None:
    """The answer is 422 for each kind of write, and nothing is stored."""
    page = await editor.create()
    body = "1e309" if "inf" in str(wrong) else None

    async with bystanders(database, Base.metadata):
        for method, path, whole in (
            ("POST", "", {"slug": "other", "title": "Other"} | wrong),
            ("PUT", f"/{page['id']}", {"slug": "other", "title": "Other"} | wrong),
            ("PATCH", f"/{page['id']}", wrong),
        ):
            if body:
                content = '{"slug": "other", "title": "Other", "metadata": {"a": [1e309]}}'
                answer = await editor.ask(method, path, content=content, headers={"Content-Type": "application/json"})
            else:
                answer = await editor.ask(method, path, json=whole)
            assert answer.status_code == 422, (method, answer.text)


@pytest.mark.parametrize("content", ['{"title": "a\\u0000"}', '{"title": "\\ud800"}', '{"metadata": {"a": "\\u0000"}}'])
async def test_what_postgresql_cannot_store_is_refused(editor: Pages, content: str) -> None:
    """NUL characters and half characters are a 422."""
    page = await editor.create()

    answer = await editor.ask("PATCH", f"/{page['id']}", content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422


@pytest.mark.parametrize(
    "path",
    ["?q=", "?sort=id", "?status=draft", "?author_id=x", f"/{'x' * 201}"],
)
async def test_an_invalid_address_is_refused(reader: Pages, path: str) -> None:
    """A parameter that no page can have is a 422."""
    assert (await reader.ask("GET", path)).status_code == 422


async def test_patch_changes_the_named_fields_of_one_page(editor: Pages, database: Postgres) -> None:
    """All other fields and pages stay as they are."""
    page, _other = await editor.create(**WHOLE), await editor.create()

    async with bystanders(database, Base.metadata, page["id"]):
        answer = await editor.ask("PATCH", f"/{page['id']}", json={"title": "Pots", "metadata": {"a": 1}})

    changed = await editor.read(page["id"])
    assert changed == page | {"title": "Pots", "metadata": {"a": 1}, "updated_at": changed["updated_at"]}
    assert {**changed, **answer.json()} == changed
    assert changed["updated_at"] >= page["updated_at"]
    assert (await editor.ask("PATCH", f"/{page['id']}", json={})).json()["code"] == "nothing_to_change"


async def test_put_replaces_one_page(editor: Pages, database: Postgres, editing: User) -> None:
    """Fields that are missing get their defaults; id, author and the times of creation and publication stay."""
    page, _other = await editor.create(**WHOLE), await editor.create()

    async with bystanders(database, Base.metadata, page["id"]):
        await editor.ask("PUT", f"/{page['id']}", json={"slug": "pots", "title": "Pots"})

    changed = await editor.read(page["id"])
    defaults: dict[str, Any] = {"body": "", "status": "DRAFT", "tags": [], "metadata": {}, "section_id": None}
    assert changed == page | defaults | {"slug": "pots", "title": "Pots", "updated_at": changed["updated_at"]}


async def test_a_page_belongs_to_a_section_or_to_none(
    editor: Pages, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """An explicit null takes it out of its section; an unknown section is a 409."""
    await owner.execute("""INSERT INTO "Section" (id, slug, title) VALUES ('s1', 'tea', 'Tea')""")
    page = await editor.create(section_id="s1")
    path = f"/{page['id']}"

    unknown = await editor.ask("PATCH", path, json={"section_id": "s2"})
    assert (unknown.status_code, unknown.json()["code"]) == (409, "section_not_found")
    assert (await editor.read(page["id"]))["section_id"] == "s1"
    assert (await editor.ask("PATCH", path, json={"section_id": None})).json()["section_id"] is None


async def test_one_page_is_deleted(editor: Pages, database: Postgres) -> None:
    """It can no longer be read, and all others stay."""
    page, _other = await editor.create(**WHOLE), await editor.create()

    async with bystanders(database, Base.metadata, page["id"]):
        assert (await editor.ask("DELETE", f"/{page['id']}")).status_code == 204

    assert await stored(database, page["id"]) is None
    for method, body in (
        ("GET", None),
        ("PUT", {"slug": "a", "title": "a"}),
        ("PATCH", {"title": "a"}),
        ("DELETE", None),
    ):
        answer = await editor.ask(method, f"/{page['id']}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "page_not_found")


async def test_of_many_at_once_one_gets_the_slug(editor: Pages, database: Postgres) -> None:
    """The others are a 409, whether they create a page or rename one."""
    other = await editor.create(slug="other")
    writes = [editor.ask("POST", json={"slug": "tea", "title": "Tea"}) for _ in range(5)]
    writes += [editor.ask("PATCH", f"/{other['id']}", json={"slug": "tea"})]

    answers = await asyncio.gather(*writes)

    refused = [one for one in answers if one.status_code == 409]
    assert {one.json()["code"] for one in refused} == {"slug_taken"}
    async with database.transaction() as session:
        assert len((await session.scalars(select(Page).where(Page.slug == "tea"))).all()) == 1
    assert len(refused) == 5
