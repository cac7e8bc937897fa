"""Deleting somebody's account."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from chassis.events import Announcer
from user.client import Client
from user.events import UserDeleted
from user.services.erase_user import erase_user


async def delete_user(
    session: AsyncSession, announcer: Announcer, client: Client, admin: Identity, user_id: UUID
) -> None:
    """
    Erase an account and announce it.

    Raises:
        UserNotFound: There is none (404).
        LastAdmin: Nobody else would be admin (409).
    """
    await erase_user(session, client, user_id, actor_id=admin.user_id)
    announcer.announce(UserDeleted(subject=user_id, user_id=user_id))
