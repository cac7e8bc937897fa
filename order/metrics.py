"""How orders get on, for Prometheus."""

from prometheus_client import Counter, Gauge
from sqlalchemy import event, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from order.models import Order, OrderStatus

MEASURE_EVERY_S = 5.0

TRANSITIONS = Counter("order_transitions", "Statuses that orders have come to.", ["status"])
# Every worker measures the same table, so the latest of them is right.
PENDING = Gauge("order_pending", "Orders whose saga is under way.", multiprocess_mode="livemostrecent")
OLDEST = Gauge("order_pending_oldest_seconds", "Age of the oldest of them.", multiprocess_mode="livemostrecent")


async def measure_orders(session: AsyncSession) -> None:
    """Set the gauges to what the table holds."""
    age = func.extract("epoch", func.now() - func.min(Order.created_at))
    query = select(func.count(), func.coalesce(age, 0)).where(Order.status == OrderStatus.PENDING)
    count, age_s = (await session.execute(query)).one()
    PENDING.set(count)
    OLDEST.set(float(age_s))


def count_transition(session: AsyncSession, status: OrderStatus) -> None:
    """Count that an order came to a status when, and only if, the transaction is committed."""
    event.listen(session.sync_session, "after_commit", lambda _session: TRANSITIONS.labels(status).inc(), once=True)
