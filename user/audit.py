"""The audit log: security events, written in the transaction of the event."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from user.client import Client
from user.models import AuditEntry


class AuditKind(StrEnum):
    """The kinds of audited events."""

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
        user_id: The account concerned; None if it does not exist.
        actor_id: The person who acted; None if not logged in.
        details: Further facts; never a secret, never what people typed.
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
