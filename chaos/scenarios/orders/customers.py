"""The clients: they order, repeat unanswered requests, cancel, read, fulfil and restock."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from random import Random
from time import monotonic

from chaos.scenarios.orders.journal import Attempt, OrderJournal, Restock
from chaos.scenarios.orders.shop import GAVE_UP, ORDERS, PRODUCTS, Person, Reply, Request, Shop
from cli.services import FRONT

_CANCELLED, _FULFILLED, _SENT_AGAIN = 0.15, 0.15, 0.1
"""Shares of the confirmed orders."""
_CANCELLED_EARLY = 0.3
"""Share of the orders that were pending at first."""
_RESTOCKED = 0.3
"""Share of the refusals after which an admin restocks: so stock stays scarce, but never runs out for good."""
_THROUGH_FRONT = 0.25
"""Share of the orders that are placed at the service that fronts the others; all else is asked of its own service."""
_WINDOW_S = 5
_OWN = "order"
_MOST_LINES, _MOST_UNITS, _MOST_ADDED = 3, 3, 12


@dataclass(frozen=True, slots=True)
class Plan:
    """
    The size of a run.

    Attributes:
        attempts: Orders that clients try to place, each with an Idempotency-Key of its own.
        kills: Spread over the attempts; for every four of them there is a pause as well.
        minutes: By then the last attempt has begun and the last kill is done, however few attempts there were.
        clients: The number of concurrent attempts.
        seed: Of all random choices: customers, products, and the faults with their times.
        drained_within_s: The time after the last fault within which every outbox must be empty.
        settled_within_s: The time within which every order and reservation must be decided.
    """

    attempts: int
    kills: int
    minutes: float
    clients: int
    seed: int
    drained_within_s: float = 10.0
    settled_within_s: float = 30.0


@dataclass(slots=True)
class Pulse:
    """The progress of a run: seconds since its start -> the number of attempts with a final answer."""

    began: float = field(default_factory=monotonic)
    begun: int = 0
    """Attempts."""
    outcomes: Counter[str] = field(default_factory=Counter)
    per_second: Counter[int] = field(default_factory=Counter)

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return monotonic() - self.began

    @property
    def rate(self) -> float:
        """Recent attempts per second with a final answer."""
        now = int(self.seconds)
        return sum(self.per_second[now - back] for back in range(1, _WINDOW_S + 1)) / _WINDOW_S

    @property
    def over(self) -> int:
        """The number of attempts that have ended."""
        return self.outcomes.total()

    def beat(self, outcome: str) -> None:
        """Count an attempt that has ended."""
        self.outcomes[outcome] += 1
        self.per_second[int(self.seconds)] += 1


class Customers:
    """
    All customers of a run, and an admin.

    Attributes:
        journal: Their attempts, and the acknowledgements.
        pulse: Their progress.
    """

    def __init__(self, plan: Plan, shop: Shop, people: tuple[list[Person], Person], products: Sequence[str]) -> None:
        self.journal = OrderJournal()
        self.pulse = Pulse()
        self._plan = plan
        self._shop = shop
        self._customers, self._admin = people
        self._products = products

    @property
    def progress(self) -> float:
        """The completed share of the run, from 0 to 1: of its attempts or of its time, whichever is larger."""
        return min(1.0, max(self.pulse.begun / self._plan.attempts, self.pulse.seconds / (self._plan.minutes * 60)))

    async def run(self) -> None:
        """Make all attempts, this many at a time, and wait for the end of the last."""
        numbers = count()
        async with asyncio.TaskGroup() as clients:
            for _ in range(self._plan.clients):
                clients.create_task(self._attempt_in_turn(numbers))

    async def send_again(self, attempts: Sequence[Attempt]) -> None:
        """Send orders again with their keys; the answers are recorded, and must equal the first ones."""
        waiting = iter(attempts)

        async def send_in_turn() -> None:
            for attempt in waiting:
                await self._place(attempt)

        async with asyncio.TaskGroup() as clients:
            for _ in range(self._plan.clients):
                clients.create_task(send_in_turn())

    async def _attempt_in_turn(self, numbers: "count[int]") -> None:
        while self.progress < 1:
            self.pulse.begun += 1
            random = Random(f"{self._plan.seed} {next(numbers)}")
            await self._attempt(random)

    async def _attempt(self, random: Random) -> None:
        number = random.getrandbits(64)
        customer = number % len(self._customers)
        chosen = random.sample(self._products, random.randint(1, _MOST_LINES))
        attempt = Attempt(
            f"chaos-{number:016x}", customer, {product: random.randint(1, _MOST_UNITS) for product in chosen}
        )
        self.journal.attempts.append(attempt)
        at = FRONT.name if FRONT and random.random() < _THROUGH_FRONT else _OWN
        reply = await self._place(attempt, at, until_placed=True)
        if reply and reply.is_open:
            if random.random() < _CANCELLED_EARLY:
                await self._move(attempt, "cancel", self._customers[customer])
            reply = await self._place(attempt)
        self.pulse.beat(_outcome(reply))
        if attempt.acknowledged == ["confirmed"]:
            await self._use(attempt, random)
        elif attempt.refusal == "insufficient_stock" and random.random() < _RESTOCKED:
            await self._restock(random.choice(chosen), random.randint(1, _MOST_ADDED))

    async def _use(self, attempt: Attempt, random: Random) -> None:
        """Act on a confirmed order, or do nothing."""
        lot = random.random()
        if lot < _CANCELLED:
            await self._move(attempt, "cancel", self._customers[attempt.customer])
        elif lot < _CANCELLED + _FULFILLED:
            await self._move(attempt, "fulfil", self._admin)
        elif lot < _CANCELLED + _FULFILLED + _SENT_AGAIN:
            await self._place(attempt)

    async def _place(self, attempt: Attempt, at: str = _OWN, *, until_placed: bool = False) -> Reply | None:
        items = [{"product_id": product, "quantity": units} for product, units in attempt.wanted.items()]
        request = Request(at, ORDERS, {"items": items}, self._customers[attempt.customer], attempt.key)
        reply = await self._insist(request, until_placed=until_placed)
        if reply and not attempt.record(reply):
            self.journal.unexpected.append(f"{attempt.key}: {reply.status} {reply.code}")
        return reply

    async def _move(self, attempt: Attempt, how: str, person: Person) -> None:
        order_id = min(attempt.order_ids)
        status = {"cancel": "cancelled", "fulfil": "fulfilled"}[how]
        attempt.requested.add(status)
        reply = await self._insist(Request("order", f"{ORDERS}/{order_id}/{how}", {}, person))
        if reply and reply.status == HTTPStatus.OK:
            attempt.acknowledged.append(reply.body["status"])
        elif reply and reply.code != "order_status":
            self.journal.unexpected.append(f"{order_id} {how}: {reply.status} {reply.code}")

    async def _restock(self, product: str, units: int) -> None:
        """Add units, without a retry: if there is no answer, it is unknown whether they were added."""
        restock = Restock(f"Restock {len(self.journal.restocks)}", product, units)
        self.journal.restocks.append(restock)
        change = {"change": units, "reason": restock.reason}
        try:
            reply = await self._shop.ask(Request("product", f"{PRODUCTS}/{product}/stock", change, self._admin))
        except GAVE_UP:
            return
        restock.is_acknowledged = reply.status == HTTPStatus.OK

    async def _insist(self, request: Request, *, until_placed: bool = False) -> Reply | None:
        """Repeat until there is an answer; None if there was none for too long."""
        try:
            return await self._shop.insist(request, until_placed=until_placed)
        except GAVE_UP:
            return None


def _outcome(reply: Reply | None) -> str:
    if reply is None:
        return "given up"
    return reply.code or str(reply.body["status"])
