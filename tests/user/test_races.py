"""The long run: ``RACES=10000 pytest tests/user/test_races.py``; ``--randomly-seed=N`` repeats its numbers."""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from sqlalchemy import func, select

from chassis.auth.tokens import Identity
from chassis.postgres.database import Postgres
from tests.support.aliases import MakeUser
from tests.user.logins import read
from user.client import Client
from user.errors import InvalidRefreshToken
from user.models import RefreshToken, User, UserSession
from user.schemas import Token
from user.services.end_session import end_session
from user.services.get_user import get_user
from user.services.open_session import open_session
from user.services.refresh_session import refresh_session
from user.services.set_password import set_password
from user.tokens.issuer import TokenIssuer
from user.tokens.stored_sessions import StoredSessions

RACES = int(os.environ.get("RACES", "40"))
FAMILIES = min(RACES // 5, 100)
CLIENT = Client("192.0.2.1")


async def begin(database: Postgres, issuer: TokenIssuer, user: User) -> str:
    """Begin a session; returns its refresh token."""
    async with database.transaction() as session:
        return (await open_session(session, issuer, user, CLIENT)).refresh_token


async def races(database: Postgres, issuer: TokenIssuer, token: str, rounds: int) -> str:
    """Use a token several times at once, then its successor, and so on; returns the last one."""
    for _ in range(rounds):
        at_once = random.randint(2, 5)  # noqa: S311 - not a secret
        answers = await asyncio.gather(
            *(refresh_session(database, issuer, CLIENT, token) for _ in range(at_once)),
        )
        [token] = {answer.refresh_token for answer in answers}
    return token


async def test_no_race_logs_anybody_out_or_splits_a_session(
    database: Postgres, issuer: TokenIssuer, make_user: MakeUser
) -> None:
    """However many requests refresh one token, all get one successor, the session stays, and one token is valid."""
    ada, rounds = await make_user("ada"), RACES // FAMILIES
    tokens = [await begin(database, issuer, ada) for _ in range(FAMILIES)]
    turns = asyncio.Semaphore(2)  # as many as the pool serves at once: a full pool gives up after a second

    async def run(token: str) -> str:
        async with turns:
            return await races(database, issuer, token, rounds)

    await asyncio.gather(*(run(token) for token in tokens))

    unspent = func.count().filter(RefreshToken.used_at.is_(None))
    by_family = select(func.row(func.count(), unspent)).group_by(RefreshToken.session_id)
    assert await read(database, by_family) == [(rounds + 1, 1)] * FAMILIES
    assert await read(database, select(UserSession).where(UserSession.revoked_at.is_not(None))) == []


async def log_out(database: Postgres, user: User, session_id: UUID) -> None:
    """End a session as its owner does."""
    async with database.transaction() as session:
        await end_session(session, Identity(user.id, session_id, frozenset()), CLIENT, session_id)


async def change_password(database: Postgres, user: User, _session_id: UUID) -> None:
    """Do the part of a password change after hashing."""
    async with database.transaction() as session:
        await get_user(session, user.id, for_update=True)
        await set_password(session, user.id, "another hash", because="password changed")


@pytest.mark.parametrize("end", [log_out, change_password])
async def test_what_ends_a_session_wins_every_race(
    database: Postgres, issuer: TokenIssuer, make_user: MakeUser, end: Callable[[Postgres, User, UUID], Awaitable[None]]
) -> None:
    """After the end of a session none of its tokens works, whatever a concurrent refresh was answered."""
    ada = await make_user("ada")
    for _ in range(RACES // 10):
        token = await begin(database, issuer, ada)
        [session_id] = await read(database, select(UserSession.id).order_by(UserSession.id.desc()).limit(1))
        racing: list[Awaitable[Token | None]] = [refresh_session(database, issuer, CLIENT, token) for _ in range(3)]
        racing.insert(random.randint(0, 3), end(database, ada, session_id))  # noqa: S311 - not a secret

        answers = await asyncio.gather(*racing, return_exceptions=True)

        assert all(isinstance(answer, Token | InvalidRefreshToken | None) for answer in answers), answers
        for one in {token, *(answer.refresh_token for answer in answers if isinstance(answer, Token))}:
            with pytest.raises(InvalidRefreshToken):
                await refresh_session(database, issuer, CLIENT, one)
        assert await StoredSessions(database).is_revoked(session_id)
