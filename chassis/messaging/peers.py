"""Which services a service calls: those of its declared calls, the consumers of its events, the issuer of tokens."""

from collections.abc import Iterable
from typing import Any

from chassis.dispatch.call import Call
from chassis.messaging.event import Event


def peers_of(
    calls: Iterable[Call[Any, Any]] = (), events: Iterable[type[Event]] = (), tokens_from: str | None = None
) -> frozenset[str]:
    """Give the names of the services that it calls; each needs a link and a ``<NAME>_SERVICE_URL``."""
    called = {call.service for call in calls}
    consumers = {consumer for event in events for consumer in event.consumers}
    return frozenset(called | consumers | ({tokens_from} if tokens_from else set()))
