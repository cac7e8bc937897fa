"""Changing one's own account."""

from chassis.auth.tokens import Identity
from chassis.errors import NothingToChange
from chassis.postgres import Postgres
from user.audit import AuditKind, audit
from user.client import Client
from user.models import User
from user.normalise import name_key
from user.passwords import prove_password
from user.schemas import ProfileChange
from user.services.flush_names import flush_names
from user.services.get_user import get_user


async def change_profile(database: Postgres, client: Client, me: Identity, change: ProfileChange) -> User:
    """
    Change one's name. A new e-mail address, which needs the password, takes effect when it is confirmed.

    Raises:
        NothingToChange: Neither is named (422).
        UsernameTaken: Another account has this name (409).
        WrongPassword: It is not the account's (403).
        TooManyAttempts: To give the password (429).
    """
    if change.username is None and change.email is None:
        raise NothingToChange
    async with database.transaction() as session:
        user = await get_user(session, me.user_id)
    if change.password:
        await prove_password(database, client, user, change.password)
    if change.username is None:
        return user
    async with database.transaction() as session:
        user = await get_user(session, me.user_id, for_update=True)
        user.username, user.username_key = change.username, name_key(change.username)
        await flush_names(session)
        audit(session, AuditKind.CHANGED, client, user_id=user.id, actor_id=user.id, fields="username")
    return user
