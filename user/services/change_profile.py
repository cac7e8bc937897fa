"""Changing one's own account."""

from chassis.auth.tokens import Identity
from chassis.core.errors import NothingToChange
from chassis.postgres.database import Postgres
from user.audit import AuditKind, audit
from user.client import Client
from user.mail.outgoing import OutgoingMail
from user.models import User
from user.names.identifiers import set_username
from user.passwords import prove_password
from user.schemas import ProfileChange
from user.services.flush_names import flush_names
from user.services.get_user import get_user


async def change_profile(
    database: Postgres, client: Client, mail: OutgoingMail, me: Identity, change: ProfileChange
) -> User:
    """
    Change one's own name. A new e-mail address needs the password, and takes effect when it is confirmed by mail.

    Raises:
        NothingToChange: Neither field is set (422).
        UsernameTaken: Another account has this name, or one that looks like it (409).
        WrongPassword: The password is wrong (403).
        TooManyAttempts: There were too many attempts at the password, or too many mails (429).
    """
    if change.username is None and change.email is None:
        raise NothingToChange
    async with database.transaction() as session:
        user = await get_user(session, me.user_id)
    if change.password:
        await prove_password(database, client, user, change.password)
    async with database.transaction() as session:
        user = await get_user(session, me.user_id, for_update=True)
        if change.username:
            set_username(user, change.username)
            await flush_names(session, user)
            audit(session, AuditKind.CHANGED, client, user_id=user.id, actor_id=user.id, fields="username")
        if change.email:
            await mail.verify_address(session, user.id, change.email, by=user.id)
    return user
