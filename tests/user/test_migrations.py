import asyncio

import asyncpg
import pytest
from alembic import command
from alembic.config import Config

from chassis.core.types import new_id
from cli.dev.files import ROOT
from cli.dev.postgres import EmbeddedPostgres

BEFORE_COUNTS = "5d0c6f3b9a17"
ADD = """
INSERT INTO users (id, username, username_key, email, email_key, password_hash, role)
VALUES ($1, $2, $2, $2, $2, 'x', $2)
"""


async def execute(url: str, statement: str) -> None:
    """Execute a statement."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def roles_after(url: str, *new: str) -> list[str]:
    """Add an account of each of these roles; returns the roles of all accounts."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.executemany(ADD, [(new_id(), role) for role in new])
        return [row["role"] for row in await connection.fetch("SELECT role FROM users ORDER BY username")]
    finally:
        await connection.close()


@pytest.mark.parametrize(("before", "role"), [("7c1e52a9d0b4", "editor"), ("09f831761eb1", "analyst")])
def test_people_are_plain_users_before_there_is_their_role(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch, before: str, role: str
) -> None:
    """Downgrading removes the unknown role, and changes no other account."""
    url = postgres.create_database(f"user_before_{role}")
    monkeypatch.setenv("USER_DATABASE_URL", url)
    config = Config(ROOT / "user" / "alembic.ini")
    command.upgrade(config, "head")
    assert asyncio.run(roles_after(url, "user", role, "admin")) == sorted(["admin", role, "user"])

    command.downgrade(config, before)

    assert sorted(asyncio.run(roles_after(url))) == ["admin", "user", "user"]
    with pytest.raises(asyncpg.CheckViolationError):
        asyncio.run(roles_after(url, role))


async def run(url: str, *statements: str) -> list[int]:
    """Execute statements; returns the stored number of users after each."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        counts = []
        for statement in statements:
            await connection.execute(statement)
            counts.append(await connection.fetchval("SELECT sum(accounts) FROM user_counts"))
        return counts
    finally:
        await connection.close()


def test_the_number_of_users_begins_with_those_there_are(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Earlier accounts count, deleted ones do not, and writes of an older version are counted."""
    url = postgres.create_database("user_before_counts")
    monkeypatch.setenv("USER_DATABASE_URL", url)
    config = Config(ROOT / "user" / "alembic.ini")
    command.upgrade(config, BEFORE_COUNTS)
    asyncio.run(roles_after(url, "user", "analyst", "admin"))
    delete = "UPDATE users SET deleted_at = now(), is_active = false WHERE username = "
    asyncio.run(execute(url, f"{delete} 'analyst'"))

    command.upgrade(config, "head")

    assert asyncio.run(run(url, "SELECT", f"{delete} 'user'", "DELETE FROM users")) == [2, 1, 0]
    command.downgrade(config, BEFORE_COUNTS)
    assert asyncio.run(roles_after(url, "user")) == ["user"]
