"""Events that the sample record service publishes."""

from typing import ClassVar

from chassis.messaging.event import Event


class SampleRecordCreated(Event):
    """A person has created a sample record."""

    type: ClassVar[str] = "sample_record.created"
    consumers: ClassVar[tuple[str, ...]] = ("analytics",)


EVENTS = (SampleRecordCreated,)
"""All events of the service."""
