"""What the user service announces."""

from typing import ClassVar

from chassis.messaging.event import Event


class UserRegistered(Event):
    """Somebody has an account now."""

    type: ClassVar[str] = "user.registered"
    consumers: ClassVar[tuple[str, ...]] = ("analytics",)


class UserDeleted(Event):
    """Somebody's account is erased; whoever keeps something of theirs erases it too."""

    type: ClassVar[str] = "user.deleted"
    consumers: ClassVar[tuple[str, ...]] = ("analytics",)


EVENTS = (UserRegistered, UserDeleted)
"""All that it announces."""
