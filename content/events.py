"""Events that the content service publishes."""

from typing import ClassVar

from chassis.messaging.event import Event


class PagePublished(Event):
    """A page has become visible to all: it is new, or was a draft or archived before."""

    type: ClassVar[str] = "content.page.published"
    consumers: ClassVar[tuple[str, ...]] = ("analytics",)

    slug: str
    title: str


class PageDeleted(Event):
    """A page was deleted, published or not."""

    type: ClassVar[str] = "content.page.deleted"
    consumers: ClassVar[tuple[str, ...]] = ("analytics",)

    slug: str


EVENTS = (PagePublished, PageDeleted)
"""All events of the service."""
