"""Which services deliver their events here, and so which types of events are theirs alone."""

PUBLISHERS = ("order", "product", "user")
"""They may call the inbox (routes/inbox.py). The type of what a service publishes begins with its name and a dot."""
_THEIRS = tuple(f"{service}." for service in PUBLISHERS)


def refuse_published(event_type: str) -> str:
    """
    Give the type of an event that comes from elsewhere.

    Raises:
        ValueError: Types that begin so are a service's own: the event would enter its counts.
    """
    if event_type.startswith(_THEIRS):
        service = event_type.partition(".")[0]
        raise ValueError(f"must not begin with '{service}.': the {service} service alone publishes such events")
    return event_type
