"""Delivering events to a service, as their publisher does."""

from typing import Any

from chassis.dispatch.dispatcher import Dispatcher
from chassis.messaging.event_batch import PATH


async def deliver(publisher: Dispatcher, consumer: str, *events: dict[str, Any]) -> list[str]:
    """
    Deliver a batch of events once, without a retry; returns the outcome of each.

    Args:
        publisher: Calls as the service that publishes them: ``application_of(apps["user"]).dispatcher``.
        events: As in JSON: ``cloud_event(UserDeleted(subject=…, user_id=…), "user")``. The same dict is the same event.

    Raises:
        RemoteError: The consumer refused the batch.
    """
    acknowledgements = (await publisher.send(consumer, "POST", PATH, json=events)).json()
    assert [one["id"] for one in acknowledgements] == [event["id"] for event in events]
    return [one["outcome"] for one in acknowledgements]
