"""Changing another person's account."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from chassis.core.errors import NothingToChange
from user.audit import AuditKind, audit
from user.client import Client
from user.mail.outgoing import OutgoingMail
from user.models import User, UserSession
from user.names.identifiers import set_email, set_username
from user.schemas import UserChange
from user.services.end_sessions import end_sessions
from user.services.flush_names import flush_names
from user.services.get_user import get_user
from user.services.keep_an_admin import keep_an_admin
from user.tokens.email_tokens import delete_email_tokens


async def change_user(
    session: AsyncSession, admin: Identity, client: Client, mail: OutgoingMail, user_id: UUID, change: UserChange
) -> User:
    """
    Change name, address, role or activation of an account. Changing the last two ends its sessions.

    A new address is unconfirmed; a mail asks for confirmation, and another one notifies the previous address.

    Raises:
        NothingToChange: No field is set (422).
        UserNotFound: There is no such account (404).
        LastAdmin: No admin would remain (409).
        UsernameTaken: Another account has this name, or one that looks like it (409).
        EmailTaken: Another account has this address (409).
        TooManyAttempts: There were too many mails (429).
    """
    values = change.model_dump(exclude_none=True)
    if not values:
        raise NothingToChange
    if change.role not in (None, "admin") or change.is_active is False:
        await keep_an_admin(session, user_id)
    user = await get_user(session, user_id, for_update=True)
    loses_sessions = any(getattr(user, name) != values.get(name, getattr(user, name)) for name in ("role", "is_active"))
    before, before_key = user.email, user.email_key
    _apply(user, change)
    if user.email_key != before_key:
        user.email_verified_at = None
    await flush_names(session, user)
    if user.email_key != before_key:
        await delete_email_tokens(session, user_id)
        await mail.verify_address(session, user_id, user.email, by=admin.user_id, is_admin=True)
        await mail.address_changed(session, before, by=admin.user_id, is_admin=True)
    if loses_sessions:
        await end_sessions(session, UserSession.user_id == user_id, because="changed")
    what = {name: str(values[name]) for name in ("role", "is_active") if name in values}
    audit(session, AuditKind.CHANGED, client, user_id=user_id, actor_id=admin.user_id, fields=",".join(values), **what)
    return user


def _apply(user: User, change: UserChange) -> None:
    if change.username:
        set_username(user, change.username)
    if change.email:
        set_email(user, change.email)
    user.role = change.role or user.role
    user.is_active = user.is_active if change.is_active is None else change.is_active
