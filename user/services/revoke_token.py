"""Revoking a token (RFC 7009)."""

from uuid import UUID

from sqlalchemy import select

from chassis.auth.tokens import InvalidToken, TokenVerifier
from chassis.postgres.database import Postgres
from user.audit import AuditKind, audit
from user.client import Client
from user.models import RefreshToken, UserSession
from user.services.end_sessions import end_sessions
from user.tokens.opaque_tokens import token_hash


async def revoke_token(database: Postgres, tokens: TokenVerifier, client: Client, token: str) -> None:
    """
    End the session of an access or refresh token, with all its tokens; a token that is not valid has none.

    A spent refresh token ends its session, too: so it does when it is used again.
    """
    of_refresh_token = select(RefreshToken.session_id).where(RefreshToken.token_hash == token_hash(token))
    session_id = await _session_of(tokens, token)
    async with database.transaction() as session:
        session_id = session_id or await session.scalar(of_refresh_token)
        if session_id is None:
            return
        for user_id in await end_sessions(session, UserSession.id == session_id, because="logout"):
            details = {"session_id": str(session_id)}
            audit(session, AuditKind.LOGGED_OUT, client, user_id=user_id, actor_id=user_id, **details)


async def _session_of(tokens: TokenVerifier, access_token: str) -> UUID | None:
    try:
        return (await tokens.verify(access_token)).session_id
    except InvalidToken:
        return None
