"""Recounts that fail as a test wants."""

from collections.abc import Callable
from datetime import datetime, timedelta

from pymongo.errors import ExecutionTimeout

from analytics.counting.recount import Span, recount
from chassis.mongodb.database import MotorDatabase

SLOW = ExecutionTimeout("operation exceeded time limit", 50)
Fails = Callable[[Span], Exception | None]


class Recounting:
    """Counts spans, except those that must fail; records all attempts."""

    def __init__(self) -> None:
        self.fails: Fails = lambda _span: None
        self.tried: list[Span] = []

    async def __call__(self, database: MotorDatabase, span: Span) -> None:
        """Replaces ``recount``."""
        self.tried.append(span)
        if error := self.fails(span):
            raise error
        await recount(database, span)


def longer_than(limit: timedelta, error: Exception = SLOW) -> Fails:
    """Spans longer than this fail."""
    return lambda span: error if span.end - span.start > limit else None


def with_minute(*lost: datetime, error: Exception = SLOW) -> Fails:
    """Spans with one of these minutes fail, however short."""
    return lambda span: error if any(span.start <= minute < span.end for minute in lost) else None
