"""The senders: they send new events and old ones, in any order, by any door, until each is acknowledged."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from time import monotonic

from chaos.scenarios.ingestion.endpoints import Door, Unanswered
from chaos.scenarios.ingestion.events import Event, make_events, mix
from chassis.core.together import together

_PATIENCE_S = 90.0
"""After so long a batch is given up."""
_AGAIN_S = 0.2
_MOST_NEW, _MOST_OLD = 60, 12
"""Events of a batch that are new, and that were sent before."""
_BY_TWO_DOORS = 0.2
"""Share of the batches that are sent twice at the same time."""
_NEW, _KNOWN = {"accepted", "inserted"}, {"duplicate"}


@dataclass(slots=True)
class Book:
    """
    What was sent, and what was answered.

    Attributes:
        events: By id.
        acknowledged: The ids of those that are said to be stored.
        new: How often each was said to be new.
        strange: Answers that nobody could expect.
        errors: What came in place of answers, and how often.
    """

    events: dict[str, Event] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    new: Counter[str] = field(default_factory=Counter)
    strange: list[str] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    def note(self, batch: Sequence[Event], outcomes: dict[str, str]) -> None:
        """Enter the answer to a batch."""
        for event in batch:
            outcome = outcomes.get(event["id"], "missing")
            if outcome not in _NEW | _KNOWN:
                self.strange.append(f"{event['id']} {outcome}")
                continue
            self.acknowledged.add(event["id"])
            self.new[event["id"]] += outcome in _NEW


class Load:
    """
    All senders of a run.

    Attributes:
        book: What they send and are told.
    """

    def __init__(self, doors: Sequence[Door], seed: int, pause_s: float = 0.0) -> None:
        """*pause_s* is how long a sender waits after a batch."""
        self.book = Book()
        self._doors = doors
        self._random = Random(seed)
        self._pause_s = pause_s
        self._sent = defaultdict[str, list[Event]](list)

    async def run(self, senders: int, goes_on: Callable[[], bool]) -> None:
        """Send while *goes_on*, so many batches at a time, and wait for the last one's end."""
        async with asyncio.TaskGroup() as group:
            for _ in range(senders):
                group.create_task(self._send_in_turn(goes_on))

    async def _send_in_turn(self, goes_on: Callable[[], bool]) -> None:
        while goes_on():
            doors = self._choose_doors()
            batch = self._next_batch(doors[0].teller)
            await together(*(self._insist(door, mix(self._random, batch)) for door in doors))
            await asyncio.sleep(self._pause_s)

    def _choose_doors(self) -> list[Door]:
        door = self._random.choice(self._doors)
        if self._random.random() >= _BY_TWO_DOORS:
            return [door]
        return [door, self._random.choice([other for other in self._doors if other.teller == door.teller])]

    def _next_batch(self, teller: str) -> list[Event]:
        """Give new events, and some that were sent before or are still on their way."""
        sent = self._sent[teller]
        old = self._random.sample(sent, min(len(sent), self._random.randint(0, _MOST_OLD)))
        new = make_events(self._random, teller, self._random.randint(1, _MOST_NEW))
        sent += new
        self.book.events.update((event["id"], event) for event in new)
        return mix(self._random, new, old)

    async def _insist(self, door: Door, batch: Sequence[Event]) -> None:
        """Send a batch until it is acknowledged."""
        ends = monotonic() + _PATIENCE_S
        while monotonic() < ends:
            try:
                outcomes = await door.send(batch)
            except Unanswered as error:
                self.book.errors[str(error)] += 1
                await asyncio.sleep(_AGAIN_S)
            else:
                self.book.note(batch, outcomes)
                return
