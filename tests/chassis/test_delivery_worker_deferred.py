import asyncio
import json
from typing import Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, TypeAdapter

from chassis.core.types import new_id
from chassis.messaging import outbox
from chassis.messaging.delivery_worker import DeliveryWorker
from chassis.messaging.event_batch import PATH, Acknowledgement
from cli.dev.polling import eventually
from tests.chassis.exchange import Exchange

UNKNOWN = "order.cup_washed"


async def rename(exchange: Exchange, label: str, event_type: str) -> None:
    """Change the type of one event."""
    await exchange.rows(
        "UPDATE outbox SET message = replace(message, 'order.cup_filled', CAST(:type AS text)) WHERE message LIKE :one",
        type=event_type,
        one=f"%{label}%",
    )


async def test_an_event_of_an_unknown_type_waits_for_the_consumer_to_be_upgraded(exchange: Exchange) -> None:
    """An unknown type is not a refusal: the event is retried seconds later, and those beside and after it arrive."""
    await exchange.announce("new", "old")
    await rename(exchange, "new", UNKNOWN)
    async with exchange.calls_as("order") as dispatcher:
        one = DeliveryWorker(exchange.database, dispatcher, "tiny", asyncio.Event())
        await one.deliver_batch()
        await exchange.announce("later")
        await one.deliver_batch()

    assert await exchange.labels() == ["old", "later"]
    ((refusals, dead_at, reason, pause_s),) = await exchange.rows(
        "SELECT refusals, dead_at, last_error, CAST(extract(epoch FROM due_at - now()) AS float8) FROM outbox"
    )
    assert (refusals, dead_at, reason) == (0, None, "Nobody here handles this type.")
    assert 1 < pause_s <= outbox.FIRST_DEFERRAL_S


async def test_a_deferred_event_arrives_once_its_type_is_known(exchange: Exchange) -> None:
    """A deferred event arrives together with the later events of its subject, in their order."""
    cup = new_id()
    await exchange.announce("new", "next", cup=cup)
    await rename(exchange, "new", UNKNOWN)
    async with exchange.relay():
        assert await eventually(lambda: is_deferred(exchange))
        assert await exchange.labels() == []
        await exchange.rows("UPDATE outbox SET message = replace(message, 'cup_washed', 'cup_filled'), due_at = now()")

        assert await eventually(exchange.is_drained)

    assert await exchange.labels() == ["new", "next"]


async def is_deferred(exchange: Exchange) -> bool:
    """Return whether some event is deferred."""
    return bool(await exchange.rows("SELECT 1 FROM outbox WHERE deferred_since IS NOT NULL"))


@pytest.mark.parametrize(
    ("answer", "is_deferral"),
    [
        ({"outcome": "refused", "reason": "Nobody here handles this type.", "code": "unknown_type"}, True),
        ({"outcome": "refused", "reason": "Nobody here handles this type."}, True),
        ({"outcome": "refused", "reason": "The cup is broken."}, False),
        ({"outcome": "refused", "reason": "The cup is broken.", "code": "broken"}, False),
        ({"outcome": "accepted"}, False),
    ],
)
def test_a_publisher_understands_consumers_of_this_release_and_the_last(
    answer: dict[str, str], *, is_deferral: bool
) -> None:
    """Acknowledgements of the last release carry no code; their reason is recognised by its words."""
    assert Acknowledgement.model_validate({"id": new_id(), **answer}).is_deferral is is_deferral


async def test_a_publisher_of_the_last_release_understands_a_deferral(exchange: Exchange) -> None:
    """The last release knows three outcomes and no code: it counts a deferral as a refusal; the other events arrive."""

    class EarlierReceipt(BaseModel):
        id: UUID
        outcome: Literal["accepted", "duplicate", "refused"]
        reason: str | None = None

    await exchange.announce("new", "old")
    await rename(exchange, "new", UNKNOWN)
    batch = [json.loads(message) for (message,) in await exchange.rows("SELECT message FROM outbox ORDER BY position")]
    async with exchange.calls_as("order") as dispatcher:
        answer = (await dispatcher.send("tiny", "POST", PATH, json=batch)).json()

    acknowledgements = TypeAdapter(list[EarlierReceipt]).validate_python(answer)
    assert [acknowledgement.outcome for acknowledgement in acknowledgements] == ["refused", "accepted"]
