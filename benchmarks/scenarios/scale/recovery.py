"""Writes down each request of the clients of chaos: when it was begun, when it ended, and how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from time import monotonic
from typing import Literal

from chaos.scenarios.ingestion.endpoints import Door, Unanswered
from chaos.scenarios.ingestion.events import Event
from chaos.scenarios.orders.shop import ORDERS, Reply, Request, Shop
from chassis.dispatch.transport import TransportError


@dataclass(frozen=True, slots=True)
class Exchange:
    """
    One request; times on the monotonic clock.

    Attributes:
        failure: What came in place of an answer; nothing if there was one, and be it a refusal.
        acknowledges: What the answer says is done.
    """

    begun: float
    ended: float
    failure: str = ""
    acknowledges: Literal["order", "event", ""] = ""


@dataclass(slots=True)
class Watch:
    """All requests of a run, as they ended."""

    exchanges: list[Exchange] = field(default_factory=list)

    def note(self, begun: float, failure: str = "", acknowledges: Literal["order", "event", ""] = "") -> None:
        """Write down a request that ends now."""
        self.exchanges.append(Exchange(begun, monotonic(), failure, acknowledges))


class WatchedShop(Shop):
    """A shop whose requests are written down."""

    def __init__(self, environment: Mapping[str, str], watch: Watch) -> None:
        super().__init__(environment)
        self._watch = watch

    async def ask(self, request: Request) -> Reply:
        """
        Ask once.

        Raises:
            TransportError: No answer.
        """
        begun = monotonic()
        try:
            reply = await super().ask(request)
        except TransportError as error:
            self._watch.note(begun, f"{request.service}: {type(error).__name__}")
            raise
        is_placed = request.path == ORDERS and reply.status == HTTPStatus.CREATED
        self._watch.note(begun, failure_of(request.service, reply), "order" if is_placed else "")
        return reply


def failure_of(service: str, reply: Reply) -> str:
    """Say what an answer is that says nothing; nothing of one that is refused, or put off (202)."""
    if not reply.is_open or reply.status == HTTPStatus.ACCEPTED:
        return ""
    return f"{service}: {reply.status} {reply.code}".strip()


def watched(door: Door, watch: Watch) -> Door:
    """Give a door at which batches of events are written down."""

    async def send(events: Sequence[Event]) -> dict[str, str]:
        begun = monotonic()
        try:
            outcomes = await door.send(events)
        except Unanswered as error:
            watch.note(begun, f"analytics: {error}")
            raise
        watch.note(begun, acknowledges="event")
        return outcomes

    return replace(door, send=send)
