"""Storing an account."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.types import new_id
from user.models import User
from user.names.identifiers import set_email, set_username
from user.schemas import NewAccount
from user.services.flush_names import flush_names


async def create_user(
    session: AsyncSession, new: NewAccount, password_hash: str, role: str, user_id: UUID | None = None
) -> User:
    """
    Store an account.

    Args:
        user_id: Its id, if it must be known beforehand.

    Raises:
        UsernameTaken: Another account has this name (409).
        EmailTaken: Another account has this address (409).
    """
    user = User(id=user_id or new_id(), password_hash=password_hash, role=role)
    set_username(user, new.username)
    set_email(user, new.email)
    session.add(user)
    await flush_names(session, user)
    return user
