"""Registering."""

from chassis.core.types import new_id
from chassis.idempotency.dependency import IdempotencyKey
from chassis.messaging import outbox
from chassis.postgres.database import Postgres
from user.audit import AuditKind, audit
from user.events import UserRegistered
from user.mail.outgoing import OutgoingMail
from user.models import User
from user.passwords import hash_new_password
from user.schemas import UserCreate
from user.services.create_user import create_user
from user.services.get_user import get_user
from user.throttle import address_limits, count_attempt


async def register_user(database: Postgres, key: IdempotencyKey, mail: OutgoingMail, new: UserCreate) -> User:
    """
    Create an account, and publish ``user.registered``; a mail asks to confirm its address.

    Raises:
        UsernameTaken: Another account has this name, or one that looks like it (409).
        EmailTaken: Another account has this address (409).
        WeakPassword: The password is common, or easily guessed (422).
        TooManyAttempts: There were too many registrations from this address, or mails to the new one (429).
        UserNotFound: The request is a repetition, and the account has been deleted (404).
    """
    async with database.transaction() as session:
        await count_attempt(session, *address_limits("register", mail.client))
    password_hash = await hash_new_password(new.password, new.username, new.email)
    user_id = new_id()
    async with database.transaction() as session:
        if made := await key.begin(session, user_id):
            return await get_user(session, made)
        user = await create_user(session, new, password_hash, "user", user_id)
        await mail.verify_address(session, user.id, user.email, by=None)
        audit(session, AuditKind.REGISTERED, mail.client, user_id=user.id, actor_id=user.id)
        await outbox.add(session, UserRegistered(subject=user.id, user_id=user.id))
    return user
