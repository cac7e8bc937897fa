"""Claiming events of the outbox, as a delivery worker does."""

import json

from chassis.messaging import outbox
from tests.chassis.exchange import Exchange


async def claim(exchange: Exchange, most: int = 100, listener: str = "tiny") -> list[str]:
    """Return the labels of the events that a delivery worker claims now."""
    deliveries, _ = await outbox.claim(exchange.database, listener, most)
    return [label_of(delivery.message) for delivery in deliveries]


def label_of(message: str) -> str:
    """Return the label of an event in its wire form."""
    return str(json.loads(message)["data"]["label"])


async def touch(exchange: Exchange, *labels: str) -> None:
    """Rewrite rows, so that their physical order differs from that of their events."""
    for label in labels:
        await exchange.rows("UPDATE outbox SET refusals = refusals WHERE message LIKE :one", one=f'%"{label}"%')
