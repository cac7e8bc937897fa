"""Changing somebody's account."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from chassis.errors import NothingToChange
from user.audit import AuditKind, audit
from user.client import Client
from user.email_tokens import forget_email_tokens
from user.models import User, UserSession
from user.normalise import name_key
from user.schemas import UserChange
from user.services.end_sessions import end_sessions
from user.services.flush_names import flush_names
from user.services.get_user import get_user
from user.services.keep_an_admin import keep_an_admin


async def change_user(
    session: AsyncSession, admin: Identity, client: Client, user_id: UUID, change: UserChange
) -> tuple[User, str | None]:
    """
    Change name, address, role or activation of an account. A change of the last two ends its sessions.

    Returns:
        The account, and the address that it had before if it has another one now, which is yet to be proved.

    Raises:
        NothingToChange: No field is named (422).
        UserNotFound: There is none (404).
        LastAdmin: Nobody else would be admin (409).
        UsernameTaken: Another account has this name (409).
        EmailTaken: Another account has this address (409).
    """
    values = change.model_dump(exclude_none=True)
    if not values:
        raise NothingToChange
    if change.role not in (None, "admin") or change.is_active is False:
        await keep_an_admin(session, user_id)
    user = await get_user(session, user_id, for_update=True)
    loses_sessions = any(getattr(user, name) != values.get(name, getattr(user, name)) for name in ("role", "is_active"))
    before = user.email if change.email and name_key(change.email) != user.email_key else None
    if before:
        user.email_verified_at = None
        await forget_email_tokens(session, user_id)
    _apply(user, values)
    await flush_names(session)
    if loses_sessions:
        await end_sessions(session, UserSession.user_id == user_id, because="changed")
    what = {name: str(values[name]) for name in ("role", "is_active") if name in values}
    audit(session, AuditKind.CHANGED, client, user_id=user_id, actor_id=admin.user_id, fields=",".join(values), **what)
    return user, before


def _apply(user: User, values: dict[str, str | bool]) -> None:
    for name, value in values.items():
        setattr(user, name, value)
    user.username_key, user.email_key = name_key(user.username), name_key(user.email)
