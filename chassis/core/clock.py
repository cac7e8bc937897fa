"""The time of day."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Give the time of day, in UTC."""
    return datetime.now(UTC)
