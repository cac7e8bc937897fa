"""Changing one's own password."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity, InvalidToken
from chassis.postgres.database import Postgres
from user.audit import AuditKind, audit
from user.client import Client
from user.familiar_networks import remember_network
from user.mail.outgoing import OutgoingMail
from user.models import User
from user.passwords import hash_new_password, prove_password
from user.schemas import PasswordChange, Token
from user.services.get_user import get_user
from user.services.open_session import open_session
from user.services.set_password import set_password
from user.tokens.issuer import TokenIssuer


async def change_password(
    database: Postgres, issuer: TokenIssuer, client: Client, mail: OutgoingMail, me: Identity, change: PasswordChange
) -> Token:
    """
    Set a new password, end every session and begin a new one for the person who changed it.

    Raises:
        WrongPassword: The current password is wrong (403).
        WeakPassword: The new one is common, or easily guessed (422).
        TooManyAttempts: There were too many attempts at the current password, or too many changes (429).
        InvalidToken: The password was changed in the meantime (401).
    """
    async with database.transaction() as session:
        proven = await get_user(session, me.user_id)
    await prove_password(database, client, proven, change.current_password)
    password_hash = await hash_new_password(change.new_password, proven.username, proven.email)
    async with database.transaction() as session:
        user = await _unchanged(session, proven)
        await set_password(session, user.id, password_hash, because="password changed")
        await mail.password_changed(session, user)
        await remember_network(session, user.id, client)
        audit(session, AuditKind.PASSWORD_CHANGED, client, user_id=user.id, actor_id=user.id)
        return await open_session(session, issuer, user, client)


async def _unchanged(session: AsyncSession, proven: User) -> User:
    """Return the current account; it must still have the password that was proved."""
    now = await get_user(session, proven.id, for_update=True)
    if now.password_hash != proven.password_hash or not now.is_active:
        raise InvalidToken
    return now
