"""Kills one thing after the other, each when the one before is healed and events have come in again."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from time import monotonic

import psutil

from chaos.scenarios.ingestion.plan import TARGETS, Plan
from chaos.scenarios.ingestion.senders import Book
from chaos.scenarios.ingestion.system import System
from cli.dev.mongodb import EmbeddedMongoDB
from cli.errors import CommandError

STUCK = "member that did not come back within a minute"
_POLL_S = 0.02
_BETWEEN = 200
"""So many events are acknowledged between two kills: the system is to limp, not to lie down."""
_LONGEST_DOWN_S = 4.0
"""For so long a member may stay away, in which the others choose a primary; or nobody can, if there are no others."""
_LONGEST_MOMENT_S = 1.0
"""A kill is so much later, at most, than it could be: it shall meet every stage of a batch."""


class Saboteur:
    """
    Kills what the plan says.

    Attributes:
        kills: How often each target was killed.
    """

    def __init__(self, system: System, plan: Plan) -> None:
        self.kills = Counter[str]()
        self._system = system
        self._plan = plan
        self._random = Random(plan.seed)

    async def run(self, book: Book) -> None:
        """
        Kill and heal until the plan is done.

        Raises:
            CommandError: Something has not come back.
        """
        ends = monotonic() + self._plan.minutes * 60
        for target in self._targets():
            enough = len(book.acknowledged) + _BETWEEN
            while len(book.acknowledged) < enough:  # noqa: ASYNC110 - progress is no event
                await asyncio.sleep(_POLL_S)
            if monotonic() > ends:
                return
            await asyncio.sleep(self._random.uniform(0, _LONGEST_MOMENT_S))
            await self._kill(target)
            self.kills[target] += 1

    def _targets(self) -> Iterator[str]:
        names, weights = list(TARGETS), list(TARGETS.values())
        for number in range(self._plan.kills):
            drawn = self._random.choices(names, weights)[0]
            yield self._plan.targets[number % len(self._plan.targets)] if self._plan.targets else drawn

    async def _kill(self, target: str) -> None:
        if target == "worker":
            workers = self._system.keeper.workers()
            with suppress(psutil.NoSuchProcess):
                self._random.choice(workers).kill()
        elif target == "analytics":
            self._system.keeper.kill()
        else:
            await self._kill_members(await asyncio.to_thread(self._members, target))
        await self._system.until_healed()

    def _members(self, target: str) -> list[EmbeddedMongoDB]:
        everybody, primary = self._system.database.members, self._system.database.primary()
        if target == "all members":
            return everybody
        secondaries = [member for member in everybody if member is not primary]
        return [self._random.choice(secondaries)] if target == "secondary" else [primary]

    async def _kill_members(self, members: list[EmbeddedMongoDB]) -> None:
        for member in members:
            await asyncio.to_thread(member.kill)
        await asyncio.sleep(self._random.uniform(0, _LONGEST_DOWN_S))
        for member in members:
            member.launch()
        for member in members:
            await self._until_back(member)

    async def _until_back(self, member: EmbeddedMongoDB) -> None:
        """Wait for a member; once it is killed again, as a supervisor would do it: 6.0.5 may hang rolling back."""
        try:
            await asyncio.to_thread(member.wait_until_ready)
        except CommandError:
            self.kills[STUCK] += 1
            await asyncio.to_thread(member.kill)
            await asyncio.to_thread(member.start)
