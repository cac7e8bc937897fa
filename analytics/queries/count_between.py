"""Counting events between points in time, from stored counts."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.counting.counts import DAY, MINUTE, QUARTER, Count, floor
from analytics.errors import MinutesGone
from analytics.models import DAY_COUNTS, MINUTE_COUNTS
from analytics.queries.filters import of_types
from analytics.retention import grain_at
from chassis.core.together import together
from chassis.mongodb.database import Document, MotorDatabase

Piece = tuple[int, str]
"""The position of a piece of time, and a type of event."""
Counts = defaultdict[Piece, Count]

_BATCH = 100
"""How many documents are added up before other tasks run."""
_WHOLE = ("day", "type", "count", "revenue")
_MOST = 48
"""With more quarter hours than this, a piece has most of a day."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """
    How a day's counts are divided into pieces.

    Attributes:
        quarters: The piece of each quarter hour, by the name of the quarter hour.
        rest: The piece of all other quarter hours, if that is most of the day. They need not be read: their count is
            the day's count less the others.
    """

    quarters: Mapping[str, int]
    rest: int | None

    def count(self, row: Document, counts: Counts) -> None:
        """Add a day's counts of a type to the pieces."""
        kind, quarters = row["type"], row["quarters"]
        known = self.quarters.keys() & quarters.keys()
        for name in known:
            counts[self.quarters[name], kind].add(quarters[name]["count"], quarters[name].get("revenue", {}))
        if self.rest is None:
            return
        left, others = Count.total([row]), Count.total(quarters[name] for name in known)
        left.add(-others.count, {currency: -minor for currency, minor in others.revenue.items()})
        if left.count:
            counts[self.rest, kind].add(left.count, left.revenue)


async def count_between(
    database: MotorDatabase, cuts: Sequence[datetime], types: Sequence[str] = ()
) -> Mapping[Piece, Count]:
    """
    Return the number of events by type in each piece of time between the *cuts*, which are whole minutes.

    It reads whole UTC days, quarter hours of days with a cut, and minutes of quarter hours with a cut, but no events.
    So the time does not depend on the number of events.

    Raises:
        MinutesGone: A cut divides a quarter hour whose minutes are no longer stored (422).
    """
    divided = _divided(cuts, QUARTER)
    if divided and grain_at(divided[0]) != MINUTE:
        raise MinutesGone
    counts: Counts = defaultdict(Count)
    readings = (_count_days, _count_quarters, _count_minutes)
    await together(*(read(database, cuts, of_types(types), counts) for read in readings))
    return counts


async def _count_days(database: MotorDatabase, cuts: Sequence[datetime], which: Document, counts: Counts) -> None:
    days = {"$gte": cuts[0], "$lt": cuts[-1], "$nin": _divided(cuts, DAY)}
    async for row in database[DAY_COUNTS].find({"day": days, **which}, _WHOLE, batch_size=_BATCH):
        counts[_piece(cuts, row["day"]), row["type"]].add(row["count"], row.get("revenue", {}))


async def _count_quarters(database: MotorDatabase, cuts: Sequence[datetime], which: Document, counts: Counts) -> None:
    divided = set(_divided(cuts, QUARTER))
    plans = {day: _plan(day, cuts, divided) for day in _divided(cuts, DAY)}
    inner = {day: plan for day, plan in plans.items() if plan.rest is not None}
    outer = {day: plan for day, plan in plans.items() if plan.rest is None}
    for some in filter(None, (inner, outer)):
        names = {f"quarters.{name}" for plan in some.values() for name in plan.quarters}
        fields = names if some is inner else {"quarters"}
        days = {"day": {"$in": list(some)}, **which}
        async for row in database[DAY_COUNTS].find(days, [*_WHOLE, *fields], batch_size=_BATCH):
            some[row["day"]].count(row, counts)


async def _count_minutes(database: MotorDatabase, cuts: Sequence[datetime], which: Document, counts: Counts) -> None:
    quarters = _divided(cuts, QUARTER)
    minutes = [at for start in quarters for at in _steps(start, QUARTER // MINUTE) if cuts[0] <= at < cuts[-1]]
    if not minutes:
        return
    async for row in database[MINUTE_COUNTS].find({"minute": {"$in": minutes}, **which}, batch_size=_BATCH):
        counts[_piece(cuts, row["minute"]), row["type"]].add(row["count"], row.get("revenue", {}))


def _divided(cuts: Sequence[datetime], unit: timedelta) -> list[datetime]:
    """Return the starts of days, or quarter hours, that contain a cut inside."""
    return sorted({start for cut in cuts if (start := floor(cut, unit)) != cut})


def _plan(day: datetime, cuts: Sequence[datetime], divided: Container[datetime]) -> _Plan:
    quarters = {
        str(name): _piece(cuts, start)
        for name, start in enumerate(_steps(day, DAY // QUARTER, QUARTER))
        if cuts[0] <= start < cuts[-1] and start not in divided
    }
    if len(quarters) < DAY // QUARTER:
        return _Plan(quarters, None)
    rest, size = Counter(quarters.values()).most_common(1)[0]
    if size < _MOST:
        return _Plan(quarters, None)
    return _Plan({name: piece for name, piece in quarters.items() if piece != rest}, rest)


def _steps(start: datetime, number: int, step: timedelta = MINUTE) -> Iterator[datetime]:
    return (start + n * step for n in range(number))


def _piece(cuts: Sequence[datetime], moment: datetime) -> int:
    return bisect_right(cuts, moment) - 1
