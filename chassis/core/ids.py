"""Identifiers: UUIDv7 (RFC 9562), so that ids sort by the time they were made."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Make an id that sorts after those made before it on this machine."""
    return uuid7()
