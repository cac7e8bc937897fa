from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest
from fastapi import BackgroundTasks

from chassis.clock import utc_now
from chassis.dispatch import deadline
from chassis.dispatch.dispatcher import Dispatcher
from chassis.errors import ServiceUnavailable
from chassis.events import Announcer, Event, cloud_event
from chassis.ids import new_id


class CupFilled(Event):
    """A cup was filled."""

    type: ClassVar[str] = "cup.filled"

    millilitres: int
    filled_at: datetime


class Listeners(Dispatcher):
    """Notes what is posted; the services in *down* do not answer."""

    def __init__(self, *down: str) -> None:
        self.down = down
        self.posts: list[tuple[str, str, dict[str, Any]]] = []
        self.seconds_left = 0.0

    async def post(self, service: str, path: str, **options: Any) -> None:  # noqa: ANN401 - as it is called
        """Note a call."""
        ends = deadline.current()
        assert ends
        self.seconds_left = ends.remaining()
        self.posts.append((service, path, options))
        if service in self.down:
            raise ServiceUnavailable


CUP, PERSON = new_id(), new_id()
FILLED = CupFilled(subject=CUP, user_id=PERSON, millilitres=200, filled_at=datetime(2026, 11, 21, 14, 30, tzinfo=UTC))


def test_an_event_is_a_cloud_event() -> None:
    """An announced fact has every field of CloudEvents 1.0; who and what it is about stand outside its data."""
    before = utc_now()

    message = cloud_event(FILLED, "tiny")

    made = message.pop("id"), datetime.fromisoformat(message.pop("time"))
    assert UUID(made[0]).version == 7
    assert before <= made[1] <= utc_now()
    assert made[1].utcoffset() == timedelta(0)
    assert message == {
        "specversion": "1.0",
        "source": "/services/tiny",
        "type": "cup.filled",
        "subject": str(CUP),
        "dataschema": "urn:event:cup.filled:1",
        "userid": str(PERSON),
        "data": {"millilitres": 200, "filled_at": "2026-11-21T14:30:00Z"},
    }


def test_an_event_may_be_nobody_s() -> None:
    """What is no person's activity says so."""
    assert cloud_event(FILLED.model_copy(update={"user_id": None}), "tiny")["userid"] is None


def test_each_event_has_its_own_id() -> None:
    """The same fact announced twice is two events."""
    assert cloud_event(FILLED, "tiny")["id"] != cloud_event(FILLED, "tiny")["id"]


async def test_every_listener_is_told_after_the_answer() -> None:
    """Nothing is sent before the background runs; then each listener gets the same event, under its id as the key."""
    background, dispatcher = BackgroundTasks(), Listeners()

    Announcer(background, dispatcher, "tiny", ("one", "two")).announce(FILLED)
    before = list(dispatcher.posts)
    await background()

    assert before == []
    assert [(service, path) for service, path, _ in dispatcher.posts] == [
        ("one", "/api/v1/one/events"),
        ("two", "/api/v1/two/events"),
    ]
    first, second = (options for _, _, options in dispatcher.posts)
    assert first == second
    assert first["idempotency_key"] == first["json"]["id"]


async def test_a_listener_that_is_down_fails_nothing_else() -> None:
    """The other listeners and events are told all the same."""
    background, dispatcher = BackgroundTasks(), Listeners("one")
    announcer = Announcer(background, dispatcher, "tiny", ("one", "two"))

    announcer.announce(FILLED)
    announcer.announce(FILLED)
    await background()

    assert [service for service, _, _ in dispatcher.posts] == ["one", "two"] * 2


async def test_a_delivery_has_time_of_its_own() -> None:
    """A request that used up its time before it was answered still announces what it did."""
    background, dispatcher = BackgroundTasks(), Listeners()
    deadline.start(-1)

    Announcer(background, dispatcher, "tiny", ("one",)).announce(FILLED)
    await background()

    assert dispatcher.seconds_left == pytest.approx(5, abs=0.5)
