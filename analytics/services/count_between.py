"""Reading how many events there were."""

import asyncio
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from analytics.counts import DAY, MINUTE, QUARTER, Count, floor
from analytics.filters import of_types
from analytics.models import DAY_COUNTS, MINUTE_COUNTS
from chassis.mongodb import Document, MotorDatabase

Piece = tuple[int, str]
"""The position of a piece of time, and a type."""
Counts = defaultdict[Piece, Count]

_BATCH = 100
"""So many documents are added up in one go; then others have their turn."""
_WHOLE = {"day": 1, "type": 1, "count": 1, "revenue": 1}
_QUARTERS = {"day": 1, "type": 1, "quarters": 1}


async def count_between(
    database: MotorDatabase, cuts: Sequence[datetime], types: Sequence[str] = ()
) -> Mapping[Piece, Count]:
    """
    Give how many events there were in each piece of time between the *cuts*, which are whole minutes, and of each type.

    Read are whole UTC days, of days in which there is a cut the quarter hours, and of such quarters the minutes: never
    events, so it takes no longer when there are more of these.
    """
    counts: Counts = defaultdict(Count)
    readings = (_count_days, _count_quarters, _count_minutes)
    await asyncio.gather(*(read(database, cuts, of_types(types), counts) for read in readings))
    return counts


async def _count_days(database: MotorDatabase, cuts: Sequence[datetime], which: Document, counts: Counts) -> None:
    days = {"$gte": cuts[0], "$lt": cuts[-1], "$nin": _divided(cuts, DAY)}
    async for row in database[DAY_COUNTS].find({"day": days, **which}, _WHOLE, batch_size=_BATCH):
        counts[_piece(cuts, row["day"]), row["type"]].add(row["count"], row.get("revenue", {}))


async def _count_quarters(database: MotorDatabase, cuts: Sequence[datetime], which: Document, counts: Counts) -> None:
    days, divided = _divided(cuts, DAY), set(_divided(cuts, QUARTER))
    pieces = {day: _whole_quarters(day, cuts, divided) for day in days}
    async for row in database[DAY_COUNTS].find({"day": {"$in": days}, **which}, _QUARTERS, batch_size=_BATCH):
        of_day, kind = pieces[row["day"]], row["type"]
        for name, one in row["quarters"].items():
            if name in of_day:
                counts[of_day[name], kind].add(one["count"], one.get("revenue", {}))


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


def _whole_quarters(day: datetime, cuts: Sequence[datetime], divided: Container[datetime]) -> dict[str, int]:
    """Give the names of a day's quarters that are asked about and not divided, and in which piece each is."""
    return {
        str(name): _piece(cuts, start)
        for name, start in enumerate(_steps(day, DAY // QUARTER, QUARTER))
        if cuts[0] <= start < cuts[-1] and start not in divided
    }


def _steps(start: datetime, number: int, step: timedelta = MINUTE) -> Iterator[datetime]:
    return (start + n * step for n in range(number))


def _piece(cuts: Sequence[datetime], moment: datetime) -> int:
    return bisect_right(cuts, moment) - 1
