"""Metrics of orders for Prometheus."""

from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import Counter, Gauge
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.postgres.statements import Notify, Part, Row
from order.models import Order, OrderStatus

MEASURE_EVERY_S = 15.0
"""As often as Prometheus scrapes."""

TRANSITIONS = Counter("order_transitions", "Transitions of orders, by new status.", ["status"])
# Every worker measures the same table, so the latest value is right.
PENDING = Gauge("order_pending", "Pending orders, whose saga is not finished.", multiprocess_mode="livemostrecent")
OLDEST = Gauge("order_pending_oldest_seconds", "Age of the oldest pending order.", multiprocess_mode="livemostrecent")


async def measure_orders(session: AsyncSession) -> None:
    """Set the gauges from the table."""
    age = func.extract("epoch", func.now() - func.min(Order.created_at))
    query = select(func.count(), func.coalesce(age, 0)).where(Order.status == OrderStatus.PENDING)
    count, age_s = (await session.execute(query)).one()
    PENDING.set(count)
    OLDEST.set(float(age_s))


@dataclass(frozen=True, slots=True)
class CountTransition(Part):
    """Counts a transition, if the statement returns a row."""

    status: OrderStatus

    def after_commit(self, rows: Sequence[Row], notify: Notify) -> None:  # noqa: ARG002
        """Count it."""
        if rows:
            TRANSITIONS.labels(self.status).inc()
