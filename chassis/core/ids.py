"""Identifiers: UUIDv7 (RFC 9562), so that ids sort by their creation time."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return an id that sorts after earlier ones of this machine."""
    return uuid7()
