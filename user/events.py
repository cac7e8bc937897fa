"""Events that the user service publishes."""

from typing import ClassVar

from chassis.messaging.event import Event


class UserRegistered(Event):
    """An account was registered."""

    type: ClassVar[str] = "user.registered"
    consumers: ClassVar[tuple[str, ...]] = ("analytics",)


class UserDeleted(Event):
    """An account was erased; consumers erase what they store about the person."""

    type: ClassVar[str] = "user.deleted"
    consumers: ClassVar[tuple[str, ...]] = ("analytics", "content")


EVENTS = (UserRegistered, UserDeleted)
"""All events of the service."""
