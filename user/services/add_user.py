"""Making an account for somebody else."""

from uuid import UUID

from chassis import outbox
from chassis.postgres import Postgres
from user.audit import AuditKind, audit
from user.client import Client
from user.events import UserRegistered
from user.models import User
from user.passwords import hash_new_password
from user.schemas import UserAdd
from user.services.create_user import create_user


async def add_user(database: Postgres, client: Client, new: UserAdd, actor_id: UUID | None) -> User:
    """
    Make an account of any role, and announce it.

    Args:
        actor_id: The admin who does it; None at the command line.

    Raises:
        UsernameTaken: Another account has this name (409).
        EmailTaken: Another account has this address (409).
        WeakPassword: Common, or easily guessed (422).
    """
    password_hash = await hash_new_password(new.password, new.username, new.email)
    async with database.transaction() as session:
        user = await create_user(session, new, password_hash, new.role)
        audit(session, AuditKind.CREATED, client, user_id=user.id, actor_id=actor_id, role=new.role)
        await outbox.add(session, UserRegistered(subject=user.id, user_id=user.id))
    return user
