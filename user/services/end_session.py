"""Ending one of one's own sessions."""

from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from user.audit import AuditKind, audit
from user.client import Client
from user.errors import SessionNotFound
from user.models import UserSession
from user.services.end_sessions import end_sessions


async def end_session(session: AsyncSession, user: Identity, client: Client, session_id: UUID) -> None:
    """
    End a session of the person: the current one, or another, as of a lost phone.

    Raises:
        SessionNotFound: The person has no such session, or it has ended (404).
    """
    mine = UserSession.id == session_id, UserSession.user_id == user.user_id, UserSession.expires_at > func.now()
    if not await end_sessions(session, *mine, because="logout"):
        raise SessionNotFound
    audit(
        session, AuditKind.LOGGED_OUT, client, user_id=user.user_id, actor_id=user.user_id, session_id=str(session_id)
    )
