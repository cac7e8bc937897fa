"""Creating an account for another person."""

from uuid import UUID

from chassis.core.types import new_id
from chassis.idempotency.dependency import IdempotencyKey
from chassis.messaging import outbox
from chassis.postgres.database import Postgres
from user.audit import AuditKind, audit
from user.events import UserRegistered
from user.mail.outgoing import OutgoingMail
from user.models import User
from user.passwords import hash_new_password
from user.schemas import UserAdd
from user.services.create_user import create_user
from user.services.get_user import get_user


async def add_user(
    database: Postgres, key: IdempotencyKey, mail: OutgoingMail, new: UserAdd, actor_id: UUID | None
) -> User:
    """
    Create an account of any role, and publish ``user.registered``; a mail asks to confirm its address.

    Args:
        actor_id: The admin who does it; None on the command line.

    Raises:
        UsernameTaken: Another account has this name, or one that looks like it (409).
        EmailTaken: Another account has this address (409).
        WeakPassword: The password is common, or easily guessed (422).
        TooManyAttempts: There were too many mails (429).
        UserNotFound: The request is a repetition, and the account has been deleted (404).
    """
    password_hash = await hash_new_password(new.password, new.username, new.email)
    user_id = new_id()
    async with database.transaction() as session:
        if made := await key.begin(session, user_id):
            return await get_user(session, made)
        user = await create_user(session, new, password_hash, new.role, user_id)
        await mail.verify_address(session, user.id, user.email, by=actor_id, is_admin=True)
        audit(session, AuditKind.CREATED, mail.client, user_id=user.id, actor_id=actor_id, role=new.role)
        await outbox.add(session, UserRegistered(subject=user.id, user_id=user.id))
    return user
