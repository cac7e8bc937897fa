"""Finding the most frequent values of a property."""

from analytics.queries.answers import Top
from analytics.queries.filters import property_of
from analytics.queries.find_values import find_values
from analytics.queries.schemas import TopQuery
from chassis.mongodb.database import MotorDatabase


async def get_top(database: MotorDatabase, query: TopQuery) -> Top:
    """
    Count the events by the value of a property: text (its first 200 characters), a number or a boolean.

    Raises:
        EmptyRange: The range ends before it begins (422).
        TooManyEvents: The query would read too many events (422).
        TooSlow: The query takes too long (503).
    """
    top, total = await find_values(database, query.events, property_of(query.name), query.limit)
    return Top(items=top, other=total - sum(one.count for one in top))
