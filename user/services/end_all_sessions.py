"""Ending all of one's own sessions."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from user.audit import AuditKind, audit
from user.client import Client
from user.models import UserSession
from user.services.end_sessions import end_sessions


async def end_all_sessions(session: AsyncSession, user: Identity, client: Client) -> None:
    """End every session of the person, including the current one."""
    await end_sessions(session, UserSession.user_id == user.user_id, because="logout-all")
    audit(session, AuditKind.ALL_LOGGED_OUT, client, user_id=user.user_id, actor_id=user.user_id)
