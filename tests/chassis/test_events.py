from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import ClassVar
from uuid import UUID

import pytest
from pydantic import ValidationError

from chassis.core import context as request_context
from chassis.core.clock import utc_now
from chassis.core.context import RequestContext
from chassis.core.types import new_id
from chassis.messaging.event import Event, cloud_event, publisher_of
from cli.events import publishers


class CupFilled(Event):
    """A cup was filled."""

    type: ClassVar[str] = "tiny.cup_filled"
    consumers: ClassVar[tuple[str, ...]] = ("one", "two")

    millilitres: int
    filled_at: datetime


CUP, PERSON = new_id(), new_id()
FILLED = CupFilled(subject=CUP, user_id=PERSON, millilitres=200, filled_at=datetime(2026, 11, 21, 14, 30, tzinfo=UTC))


def test_an_event_is_a_cloud_event() -> None:
    """An event has every field of CloudEvents 1.0; its actor and subject stand outside its data."""
    before = utc_now()

    message = cloud_event(FILLED, "tiny")

    made = message.pop("id"), message.pop("time")
    assert UUID(made[0]).version == 7
    assert before <= made[1] <= utc_now()
    assert made[1].utcoffset() == timedelta(0)
    assert message == {
        "specversion": "1.0",
        "source": "/services/tiny",
        "type": "tiny.cup_filled",
        "subject": str(CUP),
        "dataschema": "urn:event:tiny.cup_filled:1",
        "userid": str(PERSON),
        "data": {"millilitres": 200, "filled_at": "2026-11-21T14:30:00Z"},
    }


def test_an_event_may_be_nobody_s() -> None:
    """An event that no person caused has no actor."""
    assert "userid" not in cloud_event(FILLED.model_copy(update={"user_id": None}), "tiny")


def test_an_event_cannot_be_changed() -> None:
    """An event is immutable."""
    with pytest.raises(ValidationError, match="frozen"):
        setattr(FILLED, "subject", PERSON)  # noqa: B010 - mypy would see it, too


def test_each_event_has_its_own_id() -> None:
    """The same fact published twice is two events with two ids."""
    assert cloud_event(FILLED, "tiny")["id"] != cloud_event(FILLED, "tiny")["id"]


def test_an_event_is_traced_to_its_request() -> None:
    """An event carries the ids of the request that publishes it, and none outside of a request."""
    with request_context.within(RequestContext("request-4711", "00-trace")):
        inside = cloud_event(FILLED, "tiny")

    assert (inside["requestid"], inside["traceparent"]) == ("request-4711", "00-trace")
    assert not {"requestid", "traceparent"} & cloud_event(FILLED, "tiny").keys()


@pytest.mark.parametrize("service", [service.name for service in publishers()])
def test_a_service_announces_all_its_events(service: str) -> None:
    """Each class in a service's events.py is listed, named after the service, and has consumers."""
    module = import_module(f"{service}.events")
    classes = (one for one in vars(module).values() if isinstance(one, type) and one.__module__ == module.__name__)
    declared = {one for one in classes if issubclass(one, Event) and not one.__subclasses__()}

    assert set(module.EVENTS) == declared
    assert {publisher_of(event.type) for event in module.EVENTS} == {service}
    assert all(event.consumers for event in module.EVENTS)
