"""
The types of events that belong to services: no client may send them, for they enter the same counts.

Reserving a name is a decision, not a consequence of a link: clients that use it are refused from then on.
"""

PUBLISHERS = ("order", "product", "user")
"""The services that publish events for analytics; their types begin with their name and a dot."""
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
