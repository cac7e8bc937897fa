"""Finding the products with the most units sold."""

from collections.abc import Sequence

from analytics.models import EVENTS
from analytics.queries.answers import Revenue, TopProduct, TopProducts
from analytics.queries.filters import EventFilter
from analytics.queries.read_events import read_events
from analytics.queries.reading import bounded_read
from analytics.queries.schemas import TopProductsQuery
from chassis.core.money import from_minor
from chassis.messaging.event import source_of
from chassis.mongodb.database import Document, MotorDatabase

ORDER_CONFIRMED = "order.confirmed"
PRODUCT_CREATED = "product.created"

_LINES: list[Document] = [
    {"$match": {"source": source_of("order")}},
    {"$unwind": "$data.items"},
    {
        "$group": {
            "_id": {"product": "$data.items.product_id", "currency": "$data.currency"},
            "units": {"$sum": "$data.items.quantity"},
            "minor": {"$sum": {"$multiply": ["$data.items.quantity", "$data.items.unit_price_minor"]}},
        }
    },
    {"$sort": {"_id.currency": 1}},
    {
        "$group": {
            "_id": "$_id.product",
            "units": {"$sum": "$units"},
            "revenue": {"$push": {"currency": "$_id.currency", "minor": "$minor"}},
        }
    },
    {"$sort": {"units": -1, "_id": 1}},
]


async def get_top_products(database: MotorDatabase, query: TopProductsQuery) -> TopProducts:
    """
    Add up confirmed orders by product, sorted by units, the most first.

    Raises:
        EmptyRange: The range ends before it begins (422).
        TooManyEvents: The query would read too many orders (422).
        TooSlow: The query takes too long (503).
    """
    orders = EventFilter(query.range, [ORDER_CONFIRMED])
    with bounded_read():
        rows = await read_events(database, orders, *_LINES, {"$limit": query.limit})
        names = await _names(database, [row["_id"] for row in rows])
    return TopProducts(items=[_product(row, names.get(row["_id"])) for row in rows])


async def _names(database: MotorDatabase, product_ids: Sequence[str]) -> dict[str, str]:
    which = {"type": PRODUCT_CREATED, "source": source_of("product"), "subject": {"$in": list(product_ids)}}
    created = database[EVENTS].find(which, {"_id": 0, "subject": 1, "data.name": 1})
    return {row["subject"]: row["data"]["name"] async for row in created}


def _product(row: Document, name: str | None) -> TopProduct:
    revenue = [Revenue(currency=one["currency"], amount=from_minor(one["minor"])) for one in row["revenue"]]
    return TopProduct(product_id=row["_id"], name=name, units=row["units"], revenue=revenue)
