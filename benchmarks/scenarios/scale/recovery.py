"""Records each request of the chaos clients during the kills, and how soon they recover."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from time import monotonic
from typing import Any, Literal

from chaos.scenarios.ingestion.events import Event
from chaos.scenarios.ingestion.senders import Endpoint, Unanswered
from chaos.scenarios.orders.shop import ORDERS, Reply, Request, Shop
from chassis.dispatch.transport import TransportError

RECOVERED_S = 10.0
"""Seconds after a kill within which there must be acknowledgements again."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """
    One request; times on the monotonic clock.

    Attributes:
        failure: The error in place of an answer; empty if there was an answer, even a refusal.
        acknowledges: Whether the answer acknowledges an order, an event, or neither.
    """

    begun: float
    ended: float
    failure: str = ""
    acknowledges: Literal["order", "event", ""] = ""


@dataclass(slots=True)
class Watch:
    """All requests of a run, in the order in which they ended."""

    exchanges: list[Exchange] = field(default_factory=list)

    def record(self, begun: float, failure: str = "", acknowledges: Literal["order", "event", ""] = "") -> None:
        """Record a request that ends now."""
        self.exchanges.append(Exchange(begun, monotonic(), failure, acknowledges))


class WatchedShop(Shop):
    """A shop whose requests are recorded."""

    def __init__(self, environment: Mapping[str, str], watch: Watch) -> None:
        super().__init__(environment)
        self._watch = watch

    async def ask(self, request: Request) -> Reply:
        """
        Send a request once.

        Raises:
            TransportError: No answer.
        """
        begun = monotonic()
        try:
            reply = await super().ask(request)
        except TransportError as error:
            self._watch.record(begun, f"{request.service}: {type(error).__name__}")
            raise
        is_placed = request.path == ORDERS and reply.status == HTTPStatus.CREATED
        self._watch.record(begun, failure_of(request.service, reply), "order" if is_placed else "")
        return reply


def failure_of(service: str, reply: Reply) -> str:
    """Describe an answer that decides nothing; empty for a success, a refusal or a pending order (202)."""
    if not reply.is_open or reply.status == HTTPStatus.ACCEPTED:
        return ""
    return f"{service}: {reply.status} {reply.code}".strip()


def watched(endpoint: Endpoint, watch: Watch) -> Endpoint:
    """Return an endpoint whose batches of events are recorded."""

    async def send(events: Sequence[Event]) -> dict[str, str]:
        begun = monotonic()
        try:
            outcomes = await endpoint.send(events)
        except Unanswered as error:
            watch.record(begun, f"analytics: {error}")
            raise
        watch.record(begun, acknowledges="event")
        return outcomes

    return replace(endpoint, send=send)


@dataclass(frozen=True, slots=True)
class Kill:
    """A kill: its target, its time on the monotonic clock, and when the target was certainly dead."""

    victim: str
    begun: float
    dead: float


@dataclass(frozen=True, slots=True)
class Recovery:
    """
    The effect of a kill on customers and senders of events, until the next one.

    Attributes:
        order_s: Seconds until an order sent after the kill was acknowledged; None if none was.
        event_s: The same for events.
        failing_s: Seconds until the last request that failed; 0 if none did.
        failures: Failures without an answer, counted by kind.
        requests: The number of requests.
    """

    killed: str
    order_s: float | None
    event_s: float | None
    failing_s: float
    failures: Counter[str]
    requests: int

    @property
    def is_met(self) -> bool:
        """Whether both were acknowledged in time."""
        return all(seconds is not None and seconds <= RECOVERED_S for seconds in (self.order_s, self.event_s))

    def as_json(self) -> dict[str, Any]:
        """Return all figures of the kill."""
        return {
            "killed": self.killed,
            "order_acknowledged_after_s": _rounded(self.order_s),
            "event_acknowledged_after_s": _rounded(self.event_s),
            "last_failure_after_s": round(self.failing_s, 2),
            "failures": dict(self.failures.most_common()),
            "requests": self.requests,
            "target_s": RECOVERED_S,
            "met": self.is_met,
        }


def recovery(kill: Kill, until: float, exchanges: Sequence[Exchange]) -> Recovery:
    """Sum up the effect of a kill, from the requests that ended before *until*."""
    meanwhile = [one for one in exchanges if kill.begun <= one.ended < until]
    failed = [one for one in meanwhile if one.failure]
    return Recovery(
        kill.victim,
        _first(meanwhile, "order", kill),
        _first(meanwhile, "event", kill),
        max((one.ended - kill.begun for one in failed), default=0.0),
        Counter(one.failure for one in failed),
        len(meanwhile),
    )


def _first(exchanges: Sequence[Exchange], kind: str, kill: Kill) -> float | None:
    """Return the first acknowledgement of a request sent after the death: one already under way proves nothing."""
    ends = [one.ended - kill.begun for one in exchanges if one.acknowledges == kind and one.begun >= kill.dead]
    return min(ends, default=None)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)
