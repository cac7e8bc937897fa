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
from user.password_hashing import hash_password
from user.passwords import hash_new_password
from user.schemas import UserAdd
from user.services.create_user import create_user
from user.services.get_user import get_user
from user.tokens.opaque_tokens import new_token


async def add_user(
    database: Postgres, key: IdempotencyKey, mail: OutgoingMail, new: UserAdd, actor_id: UUID | None
) -> User:
    """
    Create an account of any role, and publish ``user.registered``.

    A mail asks to confirm its address; without a password, to choose one, which confirms the address, too.

    Args:
        actor_id: The admin who does it; None on the command line.

    Raises:
        UsernameTaken: Another account has this name, or one that looks like it (409).
        EmailTaken: Another account has this address (409).
        WeakPassword: The password is common, or easily guessed (422).
        MailNotConfigured: There is no password, and no mail can ask for one (503).
        TooManyAttempts: There were too many mails (429).
        UserNotFound: The request is a repetition, and the account has been deleted (404).
    """
    if new.password is None:
        mail.require()
        password_hash = await hash_password(new_token())  # opens nothing: no one knows the password
    else:
        password_hash = await hash_new_password(new.password, new.username, new.email)
    user_id = new_id()
    async with database.transaction() as session:
        if made := await key.begin(session, user_id):
            return await get_user(session, made)
        user = await create_user(session, new, password_hash, new.role, user_id)
        if new.password is None:
            await mail.choose_password(session, user.email, by=actor_id, is_admin=True)
        else:
            await mail.verify_address(session, user.id, user.email, by=actor_id, is_admin=True)
        audit(session, AuditKind.CREATED, mail.client, user_id=user.id, actor_id=actor_id, role=new.role)
        await outbox.add(session, UserRegistered(subject=user.id, user_id=user.id))
    return user
