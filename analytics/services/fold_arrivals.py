"""Counting what has arrived."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from pymongo import DeleteOne

from analytics.counts import HOUR, MINUTE, floor
from analytics.models import ARRIVALS
from analytics.retention import Retention
from analytics.services.recount import Span, recount
from chassis.clock import utc_now
from chassis.mongodb import MotorDatabase

MOST_ARRIVALS = 1000
"""So many are counted at a time."""
_MOST_RUNS = 10
"""An hour with more separate runs of minutes is counted as a whole: that is one transaction."""


async def fold_arrivals(database: MotorDatabase, retention: Retention) -> int:
    """
    Count the minutes of arrivals that are settled; gives how many these were.

    If it is interrupted the arrivals are still there, and are counted again.
    """
    settled = database[ARRIVALS].find({"settled_at": {"$lte": utc_now()}}).sort("settled_at").limit(MOST_ARRIVALS)
    arrivals = [arrival async for arrival in settled]
    for span in spans(minute for arrival in arrivals for minute in arrival["minutes"]):
        await recount(database, span, retention.kept(span.start))
    if arrivals:
        # Not one that was settled meanwhile, after it was thought to be a dead process's: it has more to count.
        counted = [DeleteOne({"_id": arrival["_id"], "settled_at": arrival["settled_at"]}) for arrival in arrivals]
        await database[ARRIVALS].bulk_write(counted, ordered=False)
    return len(arrivals)


def spans(minutes: Iterable[datetime]) -> Iterator[Span]:
    """Join minutes to spans, none of which is longer than an hour."""
    hours: defaultdict[datetime, set[datetime]] = defaultdict(set)
    for minute in minutes:
        hours[floor(minute, HOUR)].add(minute)
    for hour in sorted(hours):
        runs = list(_runs(sorted(hours[hour])))
        yield from runs if len(runs) <= _MOST_RUNS else [Span(runs[0].start, runs[-1].end)]


def _runs(minutes: Iterable[datetime]) -> Iterator[Span]:
    """Join minutes that follow each other."""
    start = end = None
    for minute in minutes:
        if minute != end:
            if start and end:
                yield Span(start, end)
            start = minute
        end = minute + MINUTE
    if start and end:
        yield Span(start, end)
