"""The ids under which events are stored: UUIDs, so that an id of any sender stays what it is wherever it is shown."""

import re
from uuid import UUID, uuid5

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_NAMESPACE = UUID("b0c2c1de-5b0e-5f7c-9a34-6d2f6a1f8d7e")
"""Never to be changed: what is sent again after that would be counted again."""


def event_id(sent: str, *scope: str) -> str:
    """
    Give the id under which an event is stored whose sender calls it *sent*: a UUID as it is, else one made from it.

    Args:
        scope: Within what the sender's ids differ; of no use to a UUID, which differs from all others.
    """
    return plain_uuid(sent) or str(uuid5(_NAMESPACE, "\n".join((*scope, sent))))


def plain_uuid(text: str) -> str | None:
    """Give a UUID in its one spelling; None if the text is none."""
    return text.lower() if _UUID.fullmatch(text) else None
