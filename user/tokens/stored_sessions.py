"""Which sessions have ended, straight from the table: the user service need not wait to hear of it."""

from uuid import UUID

from sqlalchemy import exists, select

from chassis.postgres.database import Postgres
from user.models import UserSession


class StoredSessions:
    """The revocations of the user service itself (``chassis.auth.tokens.Revocations``)."""

    def __init__(self, database: Postgres) -> None:
        self._database = database

    async def is_revoked(self, session_id: UUID) -> bool:
        """Whether the session has ended or never was."""
        lives = exists().where(UserSession.id == session_id, UserSession.revoked_at.is_(None))
        async with self._database.transaction() as session:
            return not await session.scalar(select(lives))
