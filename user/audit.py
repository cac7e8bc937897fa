"""The audit log: security events, written in the transaction of what they tell of."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from user.client import Client
from user.models import AuditEntry


class AuditKind(StrEnum):
    """What can have happened."""

    REGISTERED = "user.registered"
    CREATED = "user.created"
    CHANGED = "user.changed"
    DELETED = "user.deleted"
    LOGGED_IN = "login.succeeded"
    LOGIN_FAILED = "login.failed"
    LOGGED_OUT = "session.ended"
    ALL_LOGGED_OUT = "sessions.ended"
    REFRESH_REUSED = "refresh_token.reused"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105 - what happened to one
    PASSWORD_REFUSED = "password.refused"  # noqa: S105
    PASSWORD_RESET = "password.reset"  # noqa: S105
    EMAIL_VERIFIED = "email.verified"


def audit(
    session: AsyncSession,
    kind: AuditKind,
    client: Client,
    *,
    user_id: UUID | None,
    actor_id: UUID | None,
    **details: str,
) -> None:
    """
    Add an entry to the log.

    Args:
        user_id: Whose account it is about; None for an account that does not exist.
        actor_id: Who did it; None for somebody who has not logged in.
        details: What else is worth knowing; never a secret, never what somebody typed.
    """
    entry = AuditEntry(
        kind=kind,
        user_id=user_id,
        actor_id=actor_id,
        address=client.address,
        user_agent=client.user_agent,
        details=details,
    )
    session.add(entry)
