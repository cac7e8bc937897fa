"""Ended sessions, directly from the table: the user service need not wait for a list."""

from uuid import UUID

from sqlalchemy import exists, select

from chassis.postgres.database import Postgres
from user.models import UserSession


class StoredSessions:
    """The revocations of the user service itself (``chassis.auth.tokens.Revocations``)."""

    def __init__(self, database: Postgres) -> None:
        self._database = database

    async def is_revoked(self, session_id: UUID) -> bool:
        """Whether the session has ended or never existed."""
        lives = exists().where(UserSession.id == session_id, UserSession.revoked_at.is_(None))
        async with self._database.transaction() as session:
            return not await session.scalar(select(lives))
