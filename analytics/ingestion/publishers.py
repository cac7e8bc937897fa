"""Which services deliver their events here, and so which types of events are theirs alone."""

from pydantic import ValidationInfo

PUBLISHERS = "publishers"
"""
In the context of a validation: the linked services. Each may call the inbox (analytics/inbox.py), and the types of its
events begin with its name and a dot.
"""


def refuse_published(event_type: str, info: ValidationInfo) -> str:
    """
    Return the type of an event that comes from elsewhere.

    Raises:
        ValueError: Types that begin so are a service's own: the event would enter its counts.
    """
    service, dot, _ = event_type.partition(".")
    if dot and info.context and service in info.context[PUBLISHERS]:
        raise ValueError(f"must not begin with '{service}.': the {service} service alone publishes such events")
    return event_type
