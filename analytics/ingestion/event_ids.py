"""The ids under which events are stored: UUIDs, so that ids of all senders have one form everywhere."""

import re
from uuid import UUID, uuid5

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_NAMESPACE = UUID("b0c2c1de-5b0e-5f7c-9a34-6d2f6a1f8d7e")
"""Must never change: events that are sent again after a change would be counted again."""


def event_id(sent: str, *scope: str) -> str:
    """
    Return the id under which an event is stored: a UUID as it is, otherwise a UUID derived from *sent*.

    Args:
        scope: The scope in which the sender's ids are unique; ignored for a UUID, which is unique everywhere.
    """
    return plain_uuid(sent) or str(uuid5(_NAMESPACE, "\n".join((*scope, sent))))


def plain_uuid(text: str) -> str | None:
    """Return a UUID in its canonical spelling; None if the text is not a UUID."""
    return text.lower() if _UUID.fullmatch(text) else None
