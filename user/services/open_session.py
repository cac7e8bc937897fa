"""Beginning a session."""

from datetime import timedelta

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import LIFETIME_S
from user.client import Client
from user.models import RefreshToken, User, UserSession
from user.schemas import Token
from user.tokens.issuer import TokenIssuer
from user.tokens.opaque_tokens import new_token, token_hash

IDLE = timedelta(days=30)
"""A session that is unused for this long has ended."""


async def open_session(session: AsyncSession, issuer: TokenIssuer, user: User, client: Client) -> Token:
    """Begin a session for a user whose password was just checked."""
    opened = UserSession(
        user_id=user.id, expires_at=func.now() + IDLE, address=client.address, user_agent=client.user_agent
    )
    session.add(opened)
    await session.flush()
    refresh_token = new_token()
    session.add(RefreshToken(token_hash=token_hash(refresh_token), session_id=opened.id))
    access_token = issuer.issue(user.id, opened.id, [user.role])
    return Token(access_token=access_token, expires_in=LIFETIME_S, refresh_token=refresh_token)
