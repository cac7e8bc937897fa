"""Thirty-five days of a shop, for looking at the dashboard."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from analytics.counting.aggregate_dirty_minutes import aggregate_dirty_minutes
from analytics.ingestion.store_events import store_events
from chassis.core.clock import utc_now
from chassis.messaging.event import source_of
from chassis.mongodb.database import Document, MotorDatabase
from tests.analytics.counting import event

DAYS = 35
PRODUCTS = (
    ("Teapot", 2450),
    ("Cup", 699),
    ("Cup", 899),
    ("Kettle", 19999),
    ("Saucer", 450),
    ("Hand-painted stoneware serving tray with two handles, for outdoor use", 2490),
)
"""Names and prices; two products have the same name, and one has a long one."""
LONG_TYPE = "newsletter.subscription_confirmed_after_reminder"


async def seed_history(database: MotorDatabase) -> None:
    """Store and count the same history each time, up to now."""
    await store_events(database, list(_history(Random(7), utc_now())))  # noqa: S311 - no secret
    await aggregate_dirty_minutes(database)


def _history(random: Random, now: datetime) -> Iterator[Document]:
    for number, (name, _) in enumerate(PRODUCTS):
        more = {"source": source_of("product"), "subject": _product(number), "data": {"name": name}}
        yield event(now - timedelta(days=DAYS), "product.created", **more)
    people = [str(UUID(int=random.getrandbits(128), version=4)) for _ in range(400)]
    for _ in range(1500):
        # Few different minutes, because each of them is counted by itself.
        ago = timedelta(hours=random.randrange(0, DAYS * 24, 3), minutes=1)
        yield from _visit(random, now - ago, random.choice(people))


def _visit(random: Random, at: datetime, person: str) -> Iterator[Document]:
    """A visit of some pages; some visitors register, fill a cart, and order."""
    steps = [("page.viewed", 1.0), ("page.viewed", 0.6), ("user.registered", 0.12), ("cart.opened", 0.35)]
    steps += [(LONG_TYPE, 0.04), ("order.confirmed", 0.16)]
    for kind, likelihood in steps:
        at += timedelta(seconds=random.randint(1, 8))
        if random.random() < likelihood:
            yield event(at, kind, user_id=person, **(_order(random) if kind == "order.confirmed" else {}))


def _order(random: Random) -> Document:
    number = random.choices(range(len(PRODUCTS)), weights=[5, 9, 6, 1, 4, 2])[0]
    quantity, price = random.randint(1, 4), PRODUCTS[number][1]
    items = [{"product_id": _product(number), "quantity": quantity, "unit_price_minor": price}]
    revenue = {"currency": "EUR", "minor": quantity * price}
    return {"source": source_of("order"), "revenue": revenue, "data": {"items": items, "currency": "EUR"}}


def _product(number: int) -> str:
    return f"0197a6b2-0000-7000-8000-{number * 0x1D3F + 0xA1B2C3D4:012x}"
