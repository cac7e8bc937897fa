"""Storing a new password."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from user.familiar_networks import delete_networks
from user.models import User, UserSession
from user.services.end_sessions import end_sessions
from user.tokens.email_tokens import delete_email_tokens


async def set_password(session: AsyncSession, user_id: UUID, password_hash: str, because: str) -> None:
    """Store the hash of a new password; ends all sessions and mail tokens, so the old password opens nothing."""
    await session.execute(update(User).where(User.id == user_id).values(password_hash=password_hash))
    await end_sessions(session, UserSession.user_id == user_id, because=because)
    await delete_email_tokens(session, user_id)
    await delete_networks(session, user_id)
