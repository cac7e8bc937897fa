"""Helpers for tests of logins and sessions."""

from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import Executable, Select, func, update

from chassis.postgres.database import Postgres
from tests.support.aliases import People
from user.models import Throttle
from user.throttle import Limit

USERS = "/api/v1/users"
PASSWORD = "correct horse battery"
Tokens = dict[str, str]
"""The answer to a login."""


async def attempt(people: People, username: str = "ada", password: str = PASSWORD) -> httpx.Response:
    """Try to log in."""
    return await people["user"].post(f"{USERS}/login", json={"username": username, "password": password})


async def log_in(people: People, username: str = "ada", password: str = PASSWORD) -> Tokens:
    """Log in."""
    response = await attempt(people, username, password)
    assert response.status_code == 200, response.text
    tokens: Tokens = response.json()
    return tokens


async def refresh(people: People, tokens: Tokens) -> httpx.Response:
    """Try to get the next tokens."""
    return await people["user"].post(f"{USERS}/refresh", json={"refresh_token": tokens["refresh_token"]})


def authorized(tokens: Tokens) -> dict[str, str]:
    """Return the Authorization header."""
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def statuses(people: People, tokens: Tokens) -> tuple[int, int]:
    """Return the statuses of using the access token and the refresh token; the latter is spent by that."""
    profile = await people["user"].get(f"{USERS}/profile", headers=authorized(tokens))
    return profile.status_code, (await refresh(people, tokens)).status_code


async def change(database: Postgres, statement: Executable) -> None:
    """Change the tables, for example times in them."""
    async with database.transaction() as session:
        await session.execute(statement)


async def read(database: Postgres, query: Select[Any]) -> list[Any]:
    """Read one column, or entities, from the tables."""
    async with database.transaction() as session:
        return list((await session.scalars(query)).all())


async def prolong(database: Postgres, *limits: Limit) -> None:
    """Prolong current waits, of these limits or of all, so that they outlast a slow machine."""
    # A limit that does not block has two readings of the clock here, which may differ by microseconds.
    begun = [Throttle.blocked_until > Throttle.last_at + timedelta(milliseconds=500)]
    if limits:
        begun.append(Throttle.key.in_([limit.key for limit in limits]))
    longer = func.now() + timedelta(minutes=1)
    await change(database, update(Throttle).where(*begun).values(blocked_until=longer))
