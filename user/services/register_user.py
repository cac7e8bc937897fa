"""Registering."""

from chassis import outbox
from chassis.postgres import Postgres
from user.audit import AuditKind, audit
from user.client import Client
from user.events import UserRegistered
from user.models import User
from user.passwords import hash_new_password
from user.schemas import UserCreate
from user.services.create_user import create_user
from user.throttle import address_limits, count_attempt


async def register_user(database: Postgres, client: Client, new: UserCreate) -> User:
    """
    Make an account for whoever asks, and announce it.

    Raises:
        UsernameTaken: Another account has this name (409).
        EmailTaken: Another account has this address (409).
        WeakPassword: Common, or easily guessed (422).
        TooManyAttempts: From this address (429).
    """
    async with database.transaction() as session:
        await count_attempt(session, *address_limits("register", client))
    password_hash = await hash_new_password(new.password, new.username, new.email)
    async with database.transaction() as session:
        user = await create_user(session, new, password_hash, role="user")
        audit(session, AuditKind.REGISTERED, client, user_id=user.id, actor_id=user.id)
        await outbox.add(session, UserRegistered(subject=user.id, user_id=user.id))
    return user
