"""Counting events over time."""

from collections import Counter

from analytics.queries.answers import Series, Timeseries
from analytics.queries.buckets import Buckets, buckets
from analytics.queries.count_between import count_between
from analytics.queries.count_events import count_events
from analytics.queries.filters import property_of
from analytics.queries.find_values import find_values
from analytics.queries.reading import bounded_read
from analytics.queries.schemas import TimeseriesQuery
from analytics.queries.series import Cell, series
from chassis.mongodb.database import MotorDatabase

MOST_TYPES = 50
MOST_VALUES = 10
ALL = "all"
TYPE = "type"


async def get_timeseries(database: MotorDatabase, query: TimeseriesQuery) -> Timeseries:
    """
    Count events in buckets of time: all together, by type, or by the most frequent values of a property.

    Raises:
        EmptyRange: The range ends before it begins (422).
        RangeTooWide: There are too many buckets (422).
        MinutesGone: Buckets of a minute in a time without counts of minutes (422).
        TooManyEvents: The query, by property or person, would read too many events (422).
        TooSlow: The query takes too long (503).
    """
    divided = buckets(query.bucket, query.range, query.zone)
    if query.events.is_counted and query.by in {None, TYPE}:
        columns = await _counted(database, query, divided)
    else:
        columns = await _read(database, query, divided)
    starts = [start.astimezone(query.zone) for start in divided.starts]
    return Timeseries(bucket=query.bucket, tz=query.tz, starts=starts, series=columns)


async def _counted(database: MotorDatabase, query: TimeseriesQuery, divided: Buckets) -> list[Series]:
    counts = await count_between(database, divided.cuts, query.types)
    if not query.by:
        return series([ALL], (Cell(place, 0, one.count) for (place, _), one in counts.items()), len(divided.starts))
    totals: Counter[str] = Counter()
    for (_, kind), one in counts.items():
        totals[kind] += one.count
    names = sorted(totals, key=lambda kind: (-totals[kind], kind))[:MOST_TYPES]
    columns = {kind: column for column, kind in enumerate(names)}
    cells = (Cell(place, columns.get(kind, -1), one.count) for (place, kind), one in counts.items())
    return series(names, cells, len(divided.starts))


async def _read(database: MotorDatabase, query: TimeseriesQuery, divided: Buckets) -> list[Series]:
    events, length = query.events, len(divided.starts)
    with bounded_read():
        if not query.by:
            return series([ALL], await count_events(database, events, divided, {"$literal": ALL}, [ALL]), length)
        value, most = ("$type", MOST_TYPES) if query.by == TYPE else (property_of(query.by), MOST_VALUES)
        names = [one.value for one in (await find_values(database, events, value, most)).top]
        return series(names, await count_events(database, events, divided, value, names), length)
