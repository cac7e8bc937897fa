"""A service whose tables belong to others, who change them while it runs."""

import json
from collections.abc import AsyncIterator
from enum import StrEnum
from pathlib import Path

import httpx
import pytest
from pydantic import BaseModel, SecretStr
from sqlalchemy import ARRAY, Enum, MetaData, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.core.types import Body
from chassis.idempotency.kinds import UNREPEATABLE
from chassis.postgres.columns import STORED, SchemaColumns, read_columns
from chassis.postgres.database import Postgres, Session
from chassis.postgres.reflected import ReflectedSchema
from chassis.sealing.access import public
from chassis.web.routing import service_router
from cli.dev.postgres import EmbeddedPostgres
from tests.chassis.things import create_tables
from tests.chassis.tiny import Tiny, serve_tiny
from tests.support.databases import patient_pools

POSTS = "/api/v1/posts"
OTHERS = "/api/v1/posts/others"
DATABASE = "foreign_tables"
OWNER = """
    SET client_min_messages = error;
    DROP TABLE IF EXISTS "Post", "Other";
    DROP TYPE IF EXISTS "Mood";
    CREATE TYPE "Mood" AS ENUM ('GLAD', 'SAD');
    CREATE TABLE "Post" (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL, note text,
        mood "Mood" NOT NULL DEFAULT 'GLAD', moods "Mood"[] NOT NULL DEFAULT '{}',
        at timestamp(3) NOT NULL DEFAULT now()
    );
    CREATE TABLE "Other" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
    GRANT SELECT, INSERT ON "Post", "Other" TO foreign_tables;
    INSERT INTO "Post" (title) VALUES ('first');
    INSERT INTO "Other" (name) VALUES ('first');
"""
"""What the owner of the tables begins with."""
NEW_ENUM = """
    CREATE TYPE "Mood_new" AS ENUM ('GLAD', 'SAD');
    ALTER TABLE "Post" ALTER mood DROP DEFAULT, ALTER moods DROP DEFAULT;
    ALTER TABLE "Post" ALTER mood TYPE "Mood_new" USING (mood::text::"Mood_new"),
        ALTER moods TYPE "Mood_new"[] USING (moods::text[]::"Mood_new"[]);
    ALTER TYPE "Mood" RENAME TO "Mood_old";
    ALTER TYPE "Mood_new" RENAME TO "Mood";
    DROP TYPE "Mood_old";
    ALTER TABLE "Post" ALTER mood SET DEFAULT 'GLAD', ALTER moods SET DEFAULT '{}';
"""
"""How Prisma changes an enum: every prepared statement has the type that is dropped."""


class Base(DeclarativeBase):
    """The tables of the owner."""

    metadata = MetaData(schema="public")


class Mood(StrEnum):
    """An enum of the owner."""

    GLAD = "GLAD"
    SAD = "SAD"


class Post(Base):
    """A table of the owner."""

    __tablename__ = "Post"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    note: Mapped[str | None]
    mood: Mapped[Mood] = mapped_column(Enum(Mood, name="Mood"), server_default="GLAD")
    moods: Mapped[list[Mood]] = mapped_column(ARRAY(Enum(Mood, name="Mood")), server_default="{}")


class Other(Base):
    """Another one."""

    __tablename__ = "Other"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class PostCreate(Body):
    """A new post."""

    title: str


class PostRead(BaseModel):
    """A post."""

    title: str
    note: str | None
    mood: Mood


router = service_router("posts")


@router.get("", access=public(), response_model=list[PostRead])
async def list_posts(session: Session) -> list[Post]:
    """List the posts."""
    return list(await session.scalars(select(Post)))


@router.post("", access=public(), idempotency=UNREPEATABLE, status_code=201)
async def create_post(body: PostCreate, session: Session) -> str:
    """Create a post."""
    session.add(Post(title=body.title, note="none"))
    await session.flush()
    return body.title


@router.get("/others", access=public())
async def list_others(session: Session) -> list[str]:
    """List names of another table."""
    return [one.name for one in await session.scalars(select(Other))]


@router.get("/broken", access=public())
async def fail() -> str:
    """Fail for a reason of our own."""
    raise ZeroDivisionError


class Owner:
    """The owner of the tables."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server

    def change(self, script: str) -> None:
        """Change them."""
        self._server.execute(script, database=DATABASE)


@pytest.fixture(scope="module")
async def tiny(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Tiny]:
    """A service that was built for the tables as they are at the beginning."""
    url = postgres.create_database(DATABASE)
    await create_tables(url)
    Owner(postgres).change(OWNER)
    columns = tmp_path_factory.mktemp("orm") / "columns.json"
    store = Postgres(SecretStr(url), "tiny")
    await store.open()
    async with store.outside_pool() as connection:
        found = await read_columns(connection, "public", ["Post", "Other"])
        columns.write_bytes(STORED.dump_json(SchemaColumns("public", found)))
    await store.close()
    with patient_pools():
        async with serve_tiny(router, store=store, tables=ReflectedSchema(store, columns)) as service:
            yield service


@pytest.fixture
async def owner(tiny: Tiny, postgres: EmbeddedPostgres) -> Owner:
    """The owner, who has put everything back; the service has replaced what it had prepared for the tables before."""
    owner = Owner(postgres)
    owner.change(OWNER)
    await statuses(tiny.client)
    return owner


async def statuses(client: httpx.AsyncClient) -> list[int]:
    """Return the status of listing and creating posts, and of listing the other table."""
    answers = [await client.get(POSTS), await client.post(POSTS, json={"title": "new"}), await client.get(OTHERS)]
    return [answer.status_code for answer in answers]


async def drift(tiny: Tiny) -> list[tuple[str, str, str]]:
    """Return what the service finds different."""
    found = await tiny.app.state.application.tables.differences()
    return [(one.place, one.what, one.fails) for one in found]


@pytest.mark.parametrize(
    ("change", "place", "what", "expected"),
    [
        ('DROP TABLE "Post"', "Post", "the table is missing", [503, 503, 200]),
        ('ALTER TABLE "Post" DROP COLUMN note', "Post.note", "the column is missing", [503, 503, 200]),
        (
            'ALTER TABLE "Post" ADD body text NOT NULL DEFAULT 1; ALTER TABLE "Post" ALTER body DROP DEFAULT',
            "Post.body",
            "the column is new, required and without a default, so no row can be created without it",
            [200, 503, 200],
        ),
        (
            'ALTER TABLE "Post" ALTER title TYPE integer USING 1',
            "Post.title",
            "its type is integer, no longer text",
            [503, 503, 200],
        ),
    ],
    ids=["table", "column", "required", "type"],
)
async def test_a_change_that_breaks_requests(
    tiny: Tiny, owner: Owner, change: str, place: str, what: str, expected: list[int]
) -> None:
    """Requests that need what has changed are a 503, others succeed, and readiness names the difference."""
    owner.change(change)

    found = await statuses(tiny.client)
    ready = await tiny.client.get("/readyz")

    await tiny.app.state.application.tables.watch()
    metrics = (await tiny.client.get("/metrics")).text
    assert (found, await drift(tiny)) == (expected, [(place, what, "always")])
    assert 'foreign_tables_changed{fails="always"} 1.0' in metrics
    assert (ready.status_code, ready.json()["checks"]["tables"]) == (503, f"down ({place}: {what})")


@pytest.mark.parametrize(
    ("change", "difference", "expected"),
    [
        (
            """ALTER TABLE "Post" ALTER title DROP NOT NULL; INSERT INTO "Post" (title) VALUES (NULL)""",
            "Post.title: it may be null",
            [503, 201, 200],
        ),
        (
            """ALTER TYPE "Mood" ADD VALUE 'BAD'; COMMIT; INSERT INTO "Post" (title, mood) VALUES ('', 'BAD')""",
            "Post.mood: of its values, BAD is new; Post.moods: of its values, BAD is new",
            [503, 201, 200],
        ),
        (
            'UPDATE "Post" SET note = 1; ALTER TABLE "Post" ALTER note SET NOT NULL',
            "Post.note: it may no longer be null",
            [200, 201, 200],
        ),
        (
            'ALTER TABLE "Post" ALTER mood DROP DEFAULT',
            "Post.mood: it is no longer filled by default",
            [200, 503, 200],
        ),
        ('ALTER TABLE "Post" ADD extra text', "Post.extra: the column is new", [200, 201, 200]),
    ],
    ids=["null", "value", "not null", "default", "column"],
)
async def test_a_change_that_breaks_some_requests(
    tiny: Tiny, owner: Owner, change: str, difference: str, expected: list[int]
) -> None:
    """Only requests that meet a row or a value that is new are a 503; the service stays ready and names the change."""
    owner.change(change)

    found = await statuses(tiny.client)
    ready = await tiny.client.get("/readyz")

    assert (found, ready.status_code, ready.json()["checks"]["tables"]) == (expected, 200, f"up ({difference})")


async def test_the_answer_is_a_problem_that_names_no_table(tiny: Tiny, owner: Owner) -> None:
    """The answer is for everyone: it has the code, and when to try again, and says nothing about tables."""
    owner.change('ALTER TABLE "Post" RENAME title TO heading')

    answer = await tiny.client.get(POSTS)

    assert (answer.status_code, answer.json()["code"]) == (503, "schema_changed")
    assert answer.headers["retry-after"] == "5"
    assert "Post" not in answer.text
    assert await drift(tiny) == [
        ("Post.title", "the column is missing (renamed to heading?)", "always"),
        (
            "Post.heading",
            "the column is new, required and without a default, so no row can be created without it",
            "always",
        ),
    ]


async def test_all_works_again_when_the_column_is_back(tiny: Tiny, owner: Owner) -> None:
    """At most one request meets a statement that was prepared for the old table, and is a 503; then all succeed."""
    await statuses(tiny.client)
    owner.change('ALTER TABLE "Post" RENAME note TO remark')
    assert await statuses(tiny.client) == [503, 503, 200]
    owner.change('ALTER TABLE "Post" RENAME remark TO note')

    found = [*await statuses(tiny.client), *await statuses(tiny.client)]

    assert found.count(503) <= 1
    assert found[3:] == [200, 201, 200]
    assert (await tiny.client.get("/readyz")).json()["checks"]["tables"] == "up"


@pytest.mark.parametrize("change", [NEW_ENUM, 'ALTER TABLE "Post" ALTER at TYPE timestamp(3)'], ids=["enum", "same"])
async def test_a_type_of_the_same_name_replaces_another(tiny: Tiny, owner: Owner, change: str) -> None:
    """Connections with statements for the type that was dropped are replaced: one request is a 503, no more."""
    await statuses(tiny.client)
    owner.change(change)

    found = [*await statuses(tiny.client), *await statuses(tiny.client)]

    assert set(found) <= {200, 201, 503}
    assert found.count(503) <= 1
    assert found[3:] == [200, 201, 200]
    assert await drift(tiny) == []


@pytest.mark.parametrize("change", ["SELECT", 'ALTER TABLE "Post" ADD extra text'], ids=["none", "harmless"])
async def test_an_error_of_our_own_stays_a_500(tiny: Tiny, owner: Owner, change: str) -> None:
    """An error is not excused by tables that are as expected, or have changed in a way that no request notices."""
    owner.change(change)

    assert (await tiny.client.get(f"{POSTS}/broken")).status_code == 500


async def test_a_stored_reading_is_read_back(tiny: Tiny, tmp_path: Path) -> None:
    """The columns are the same after storing them as JSON; a file of another kind is refused."""
    expected = tiny.app.state.application.tables.expected
    stored = SchemaColumns("public", expected)
    assert STORED.validate_json(STORED.dump_json(stored)) == stored
    assert expected["Post"]["moods"].values == ("GLAD", "SAD")
    (tmp_path / "columns.json").write_text(json.dumps({"schema": "public", "tables": {"Post": {"id": 1}}}))
    with pytest.raises(ValueError, match=r"Post\.id"):
        ReflectedSchema(tiny.app.state.application.store, tmp_path / "columns.json")


async def test_development_has_routes_about_the_tables(tiny: Tiny, owner: Owner) -> None:
    """They return the columns that are expected, and how the database differs from them now."""
    owner.change('ALTER TABLE "Post" DROP COLUMN note')

    schema = (await tiny.client.get("/api/v1/private/schema")).json()
    drift = (await tiny.client.get("/api/v1/private/drift")).json()

    assert schema["Other"]["name"] == {"type": "text", "nullable": False, "filled": "", "values": []}
    assert drift == {"differences": [{"place": "Post.note", "what": "the column is missing", "fails": "always"}]}
