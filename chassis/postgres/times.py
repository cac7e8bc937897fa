"""Times in columns without a time zone, which others fill with UTC, as Prisma does."""

from datetime import UTC, datetime

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeDecorator


class UtcTimestamp(TypeDecorator[datetime]):
    """A ``timestamp without time zone`` that holds UTC; an aware datetime in Python, in any zone when it is written."""

    impl = TIMESTAMP
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """
        Return the time as it is stored.

        Raises:
            ValueError: It has no zone, so it might be local time.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored: use datetime.now(UTC)")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return a stored time with its zone."""
        return value and value.replace(tzinfo=UTC)
