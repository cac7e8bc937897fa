"""Adding up revenue over time."""

from collections import defaultdict

from analytics.queries.answers import RevenueOverTime, RevenueSeries
from analytics.queries.buckets import buckets
from analytics.queries.count_between import count_between
from analytics.queries.get_top_products import ORDER_CONFIRMED
from analytics.queries.schemas import RevenueQuery
from chassis.core.money import from_minor
from chassis.mongodb.database import MotorDatabase


async def get_revenue(database: MotorDatabase, query: RevenueQuery) -> RevenueOverTime:
    """
    Add up confirmed orders by currency in buckets of time.

    Raises:
        EmptyRange: The range ends before it begins (422).
        RangeTooWide: There are too many buckets (422).
        MinutesGone: Buckets of a minute in a time without counts of minutes (422).
    """
    divided = buckets(query.bucket, query.range, query.zone)
    amounts: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(divided.starts))
    counts = await count_between(database, divided.cuts, [ORDER_CONFIRMED])
    for (position, _), count in counts.items():
        for currency, minor in count.revenue.items():
            amounts[currency][position] += minor
    columns = [
        RevenueSeries(currency=currency, amounts=[from_minor(minor) for minor in amounts[currency]])
        for currency in sorted(amounts)
    ]
    return RevenueOverTime(starts=[start.astimezone(query.zone) for start in divided.starts], series=columns)
