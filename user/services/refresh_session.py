"""Continuing a session."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import LIFETIME_S
from chassis.postgres.database import Postgres
from user.audit import AuditKind, audit
from user.client import Client
from user.errors import InvalidRefreshToken
from user.models import RefreshToken, User, UserSession
from user.schemas import Token
from user.services.end_sessions import end_sessions
from user.services.open_session import IDLE
from user.tokens.issuer import TokenIssuer
from user.tokens.opaque_tokens import new_salt, successor, token_hash

GRACE = timedelta(seconds=30)
"""How long a spent token still returns its successor: for two tabs, or a lost answer."""
LONGEST = timedelta(days=180)
"""A session ends this long after its login, however often it is refreshed."""
_LIVES = UserSession.revoked_at.is_(None), UserSession.expires_at > func.now()


@dataclass(frozen=True, slots=True)
class _Spent:
    """A token that is spent, now or earlier."""

    session_id: UUID
    successor: str
    in_grace: bool = True


async def refresh_session(database: Postgres, issuer: TokenIssuer, client: Client, token: str) -> Token:
    """
    Exchange a refresh token for new tokens; it is spent by that.

    However many requests use one token at once, one UPDATE spends it and all get the same successor. If it is used
    after the grace period, it or its successor was stolen: the whole session ends.

    Raises:
        InvalidRefreshToken: It is unknown, spent, or of a session that has ended (401).
    """
    async with database.transaction() as session:
        spent = await _spend(session, token) or await _look_up(session, token)
        if spent.in_grace:
            user_id, role = await _touch(session, spent.session_id)
        else:
            await _end_stolen(session, spent.session_id, client)
    if not spent.in_grace:  # raised here, after the end of the session was committed
        raise InvalidRefreshToken
    access_token = issuer.issue(user_id, spent.session_id, [role])
    return Token(access_token=access_token, expires_in=LIFETIME_S, refresh_token=spent.successor)


async def _spend(session: AsyncSession, token: str) -> _Spent | None:
    salt = new_salt()
    statement = (
        update(RefreshToken)
        .where(RefreshToken.token_hash == token_hash(token), RefreshToken.used_at.is_(None))
        # Tokens of an ended session are not touched: they may be being deleted.
        .where(exists().where(UserSession.id == RefreshToken.session_id, *_LIVES))
        .values(used_at=func.now(), salt=salt)
        .returning(RefreshToken.session_id)
    )
    session_id = await session.scalar(statement)
    if session_id is None:
        return None
    follower = successor(token, salt)
    session.add(RefreshToken(token_hash=token_hash(follower), session_id=session_id))
    return _Spent(session_id, follower)


async def _look_up(session: AsyncSession, token: str) -> _Spent:
    """Find the valid successor of a spent token: the next one, or if that is spent too, the one after it, and so on."""
    spent = await _find(session, token)
    if spent is None:
        raise InvalidRefreshToken
    while spent.in_grace and (later := await _find(session, spent.successor)):
        spent = later
    return spent


async def _find(session: AsyncSession, token: str) -> _Spent | None:
    in_grace = RefreshToken.used_at >= func.now() - GRACE
    columns = select(RefreshToken.session_id, RefreshToken.salt, in_grace)
    is_spent = RefreshToken.token_hash == token_hash(token), RefreshToken.salt.is_not(None)
    found = (await session.execute(columns.where(*is_spent))).one_or_none()
    if found is None:
        return None
    session_id, salt, is_in_grace = found
    assert salt is not None
    return _Spent(session_id, successor(token, salt), is_in_grace)


async def _touch(session: AsyncSession, session_id: UUID) -> tuple[UUID, str]:
    """Record the use of a session; returns its user and their role. If it has ended, raises, so nothing is spent."""
    expires = func.least(func.now() + IDLE, UserSession.created_at + LONGEST)
    statement = (
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.user_id == User.id, User.is_active, *_LIVES)
        .values(last_used_at=func.now(), expires_at=expires)
        .returning(User.id, User.role)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise InvalidRefreshToken
    return row[0], row[1]


async def _end_stolen(session: AsyncSession, session_id: UUID, client: Client) -> None:
    for user_id in await end_sessions(session, UserSession.id == session_id, because="reuse"):
        audit(session, AuditKind.REFRESH_REUSED, client, user_id=user_id, actor_id=None, session_id=str(session_id))
