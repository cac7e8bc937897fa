"""What the clients were told: the book that the databases are held against in the end."""

from dataclasses import dataclass, field
from http import HTTPStatus

from chaos.scenarios.orders.shop import Reply

REFUSALS = {"insufficient_stock": "rejected", "order_expired": "expired", "order_cancelled": "cancelled"}
"""What an attempt may be refused for, and the status of its order then."""


@dataclass(slots=True)
class Entry:
    """
    One attempt to order something.

    Attributes:
        customer: Who; the number among the people of the run.
        wanted: Product -> units.
        answers: Every different last word on it: the status, and the digest of the body or the code of the refusal.
        order_ids: Every order that was named in an answer.
        told: The statuses of the order that were acknowledged, the latest last.
        refusal: The code of the refusal, if it was refused.
        asked: Which of ``cancelled`` and ``fulfilled`` was asked for, whatever the answer.
    """

    key: str
    customer: int
    wanted: dict[str, int]
    answers: set[tuple[int, str]] = field(default_factory=set)
    order_ids: set[str] = field(default_factory=set)
    told: list[str] = field(default_factory=list)
    refusal: str | None = None
    asked: set[str] = field(default_factory=set)

    def note(self, reply: Reply) -> bool:
        """Enter an answer to the order itself; False if it is one that nobody could expect."""
        if order_id := reply.body.get("id"):
            self.order_ids.add(order_id)
        if reply.is_open:
            return True
        if reply.status == HTTPStatus.CREATED:
            self.answers.add((reply.status, reply.digest))
            if not self.told:  # said again, it is as old as the first time
                self.told.append(reply.body["status"])
            return True
        self.answers.add((reply.status, reply.code))
        self.refusal = reply.code
        return reply.code in REFUSALS


@dataclass(slots=True)
class Restock:
    """Units that an admin has brought; *is_told* if that was acknowledged."""

    reason: str
    product: str
    units: int
    is_told: bool = False


@dataclass(slots=True)
class Book:
    """
    All that was told.

    Attributes:
        strange: Answers that nobody could expect, with what they were answers to.
    """

    entries: list[Entry] = field(default_factory=list)
    restocks: list[Restock] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
