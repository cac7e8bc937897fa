"""The most frequent values of a property."""

from analytics.queries.answers import Top
from analytics.queries.filters import property_of
from analytics.queries.find_values import find_values
from analytics.queries.schemas import TopQuery
from chassis.mongodb.database import MotorDatabase


async def get_top(database: MotorDatabase, query: TopQuery) -> Top:
    """
    Count the events by the value of a property, which is text (its first 200 characters), a number or a truth value.

    Raises:
        EmptyRange: The time ends before it begins (422).
        TooManyEvents: Too many events would have to be read (422).
        TooSlow: It takes too long (503).
    """
    top, total = await find_values(database, query.events, property_of(query.name), query.limit)
    return Top(items=top, other=total - sum(one.count for one in top))
