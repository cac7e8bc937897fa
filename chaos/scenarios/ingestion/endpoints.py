"""The ways by which events reach analytics; each is one address, and so one process or one set of workers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from chaos.scenarios.ingestion.events import CLIENT, ORDER, Event
from chassis.core.errors import AppError
from chassis.core.ids import new_id
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError

_BATCHES = "/api/v1/analytics/events/batch"


class Unanswered(Exception):
    """Nobody knows what became of the batch; says why."""


@dataclass(frozen=True, slots=True)
class Door:
    """
    One way in.

    Attributes:
        teller: Whose events pass it.
        most: Events that pass at a time.
        send: Sends a batch; gives what became of each event, by id. Raises ``Unanswered``.
    """

    teller: str
    most: int
    send: Callable[[Sequence[Event]], Awaitable[dict[str, str]]]


def deliveries(dispatcher: Dispatcher) -> Door:
    """Give the way of the order service's own events; the dispatcher speaks for it."""

    async def send(events: Sequence[Event]) -> dict[str, str]:
        try:
            acknowledgements = await dispatcher.post(
                "analytics", "/events", json=list(events), idempotency_key=str(new_id())
            )
        except RemoteError:
            raise
        except AppError as error:
            raise Unanswered(f"{error.status} {error.code}") from error
        return {acknowledgement["id"]: acknowledgement["outcome"] for acknowledgement in acknowledgements}

    return Door(ORDER, 100, send)


def batches(client: httpx.AsyncClient, write_key: str) -> Door:
    """Give the way of clients that have a write key."""
    headers = {"Authorization": f"Bearer {write_key}"}

    async def send(events: Sequence[Event]) -> dict[str, str]:
        try:
            answer = await client.post(_BATCHES, json={"events": list(events)}, headers=headers)
        except httpx.TransportError as error:
            raise Unanswered(type(error).__name__) from error
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            raise Unanswered(str(answer.status_code))
        return {item["id"]: item["status"] for item in answer.raise_for_status().json()["items"]}

    return Door(CLIENT, 500, send)
