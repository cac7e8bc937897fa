"""Deleting an account."""

from uuid import UUID

from sqlalchemy import func, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.idempotency.dependency import delete_answer
from chassis.messaging import outbox
from user.audit import AuditKind, audit
from user.client import Client
from user.errors import UserNotFound
from user.events import UserDeleted
from user.familiar_networks import delete_networks
from user.models import AuditErasure, User, UserSession
from user.services.end_sessions import end_sessions
from user.services.erase_audit import erase_audit
from user.services.keep_an_admin import keep_an_admin
from user.tokens.email_tokens import delete_email_tokens


async def erase_user(session: AsyncSession, client: Client, user_id: UUID, actor_id: UUID) -> None:
    """
    Deactivate an account and erase its personal data: name, address, password, devices. Its id stays, because orders
    refer to it. Publishes ``user.deleted``, so that other services erase the person's data too.

    Raises:
        UserNotFound: There is no such account (404).
        LastAdmin: No admin would remain (409).
    """
    await keep_an_admin(session, user_id)
    gone = f"deleted:{user_id}"  # cannot be registered: names contain no colon, addresses contain an @
    erased = {"username": gone, "username_key": gone, "email": gone, "email_key": gone, "password_hash": None}
    erased |= {"username_look": None, "username_folded_look": None}
    statement = (
        update(User)
        .where(User.id == user_id, User.deleted_at.is_(None))
        .values(**erased, email_verified_at=None, role="user", is_active=False, deleted_at=func.now())
    )
    made_at = await session.scalar(statement.returning(User.created_at))
    if made_at is None:
        raise UserNotFound
    await delete_answer(session, user_id, made_at)
    await end_sessions(session, UserSession.user_id == user_id, because="deleted")
    audit(session, AuditKind.DELETED, client, user_id=user_id, actor_id=actor_id)
    await outbox.add(session, UserDeleted(subject=user_id, user_id=user_id))
    devices = update(UserSession).where(UserSession.user_id == user_id)
    await session.execute(devices.values(address=None, user_agent=None))
    if not await erase_audit(session, user_id):
        await session.execute(insert(AuditErasure).values(user_id=user_id))
    await delete_email_tokens(session, user_id)
    await delete_networks(session, user_id)
