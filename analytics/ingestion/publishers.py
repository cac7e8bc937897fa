"""The publishing services, whose names reserve types of events."""

from pydantic import ValidationInfo

PUBLISHERS = "publishers"
"""
The key in a validation context for the linked services. Each may call the inbox (analytics/inbox.py), and the types of
its events begin with its name and a dot.
"""


def refuse_published(event_type: str, info: ValidationInfo) -> str:
    """
    Return the type of an event that no service has published, if it is allowed.

    Raises:
        ValueError: The type is reserved for a service; the event would enter its counts.
    """
    service, dot, _ = event_type.partition(".")
    if dot and info.context and service in info.context[PUBLISHERS]:
        raise ValueError(f"must not begin with '{service}.': the {service} service alone publishes such events")
    return event_type
