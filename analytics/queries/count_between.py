"""Reading how many events there were."""

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
"""The position of a piece of time, and a type."""
Counts = defaultdict[Piece, Count]

_BATCH = 100
"""So many documents are added up in one go; then others have their turn."""
_WHOLE = ("day", "type", "count", "revenue")
_MOST = 48
"""So many quarter hours of one piece are most of a day."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """
    How a day's counts fall to pieces.

    Attributes:
        quarters: The names of quarter hours, and of which piece each is.
        rest: Of which piece all others are, if that is most of the day: they need not be read, as their count is what
            is left of the day's.
    """

    quarters: Mapping[str, int]
    rest: int | None

    def count(self, row: Document, counts: Counts) -> None:
        """Add a day's counts of a type to those of the pieces."""
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
    Give how many events there were in each piece of time between the *cuts*, which are whole minutes, and of each type.

    Read are whole UTC days, of days in which there is a cut the quarter hours, and of such quarters the minutes: never
    events, so it takes no longer when there are more of these.

    Raises:
        MinutesGone: A cut is within a quarter hour of so long ago that its minutes are not kept (422).
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
    """Give the beginnings of the days, or quarters, in the middle of which there is a cut."""
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
