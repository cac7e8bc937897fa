"""Reading an order for the service itself."""

from uuid import UUID

from sqlalchemy import select

from chassis.postgres.database import Postgres
from order.models import Order


async def load_order(database: Postgres, order_id: UUID) -> Order:
    """Return an order that is known to exist, in a transaction of its own."""
    async with database.transaction() as session:
        return (await session.scalars(select(Order).where(Order.id == order_id))).one()
