"""The journal of the clients: what they attempted and what was acknowledged, for comparison with the databases."""

from dataclasses import dataclass, field
from http import HTTPStatus

from chaos.scenarios.orders.shop import Reply

REFUSALS = {"insufficient_stock": "rejected", "order_expired": "expired", "order_cancelled": "cancelled"}
"""Codes with which an attempt may be refused, and the status of its order then."""


@dataclass(slots=True)
class Attempt:
    """
    One attempt to order.

    Attributes:
        customer: The customer's number among the people of the run.
        wanted: Product -> units.
        answers: Every distinct final answer to it: the status, and the digest of the body or the code of the refusal.
        order_ids: Every order id in an answer.
        acknowledged: The acknowledged statuses of the order, in order of time.
        refusal: The code of the refusal, if it was refused.
        requested: Which of ``cancelled`` and ``fulfilled`` was requested, whatever the answer.
    """

    key: str
    customer: int
    wanted: dict[str, int]
    answers: set[tuple[int, str]] = field(default_factory=set)
    order_ids: set[str] = field(default_factory=set)
    acknowledged: list[str] = field(default_factory=list)
    refusal: str | None = None
    requested: set[str] = field(default_factory=set)

    def record(self, reply: Reply) -> bool:
        """Record an answer to the order itself; False if it is unexpected."""
        if order_id := reply.body.get("id"):
            self.order_ids.add(order_id)
        if reply.is_open:
            return True
        if reply.status == HTTPStatus.CREATED:
            self.answers.add((reply.status, reply.digest))
            if not self.acknowledged:  # a repeated answer is as old as the first
                self.acknowledged.append(reply.body["status"])
            return True
        self.answers.add((reply.status, reply.code))
        self.refusal = reply.code
        return reply.code in REFUSALS


@dataclass(slots=True)
class Restock:
    """Units that an admin has added to the stock."""

    reason: str
    product: str
    units: int
    is_acknowledged: bool = False


@dataclass(slots=True)
class OrderJournal:
    """All attempts and restocks; *unexpected* lists invalid answers, with their requests."""

    attempts: list[Attempt] = field(default_factory=list)
    restocks: list[Restock] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
