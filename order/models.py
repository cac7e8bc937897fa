"""Tables of the order service."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, MetaData, String, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from chassis.core.money import from_minor
from chassis.core.types import new_id
from chassis.postgres.tables import NAMING

MOST_DETAIL = 200
"""The largest length of a stored refusal, characters."""


class Base(DeclarativeBase):
    """The service's tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True)}  # noqa: RUF012 - SQLAlchemy reads it


class OrderStatus(StrEnum):
    """The status of an order: pending -> confirmed -> fulfilled; each of the others ends it (``NEXT_STATUSES``)."""

    PENDING = "pending"
    """Its saga is in progress: the stock is being reserved and committed."""
    CONFIRMED = "confirmed"
    """The stock belongs to the order."""
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    """The stock cannot be reserved: no such product, or too few units."""
    EXPIRED = "expired"
    """The stock could not be reserved in time."""


NEXT_STATUSES: dict[str, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset(
        {OrderStatus.CONFIRMED, OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED}
    ),
    OrderStatus.CONFIRMED: frozenset({OrderStatus.FULFILLED, OrderStatus.CANCELLED}),
    OrderStatus.FULFILLED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
    OrderStatus.REJECTED: frozenset(),
    OrderStatus.EXPIRED: frozenset(),
}
"""The state machine: the statuses that each status may be followed by (``transition_order``)."""


class Order(Base):
    """An order; once confirmed, it has the prices at the time of its reservation."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint(f"status IN ({', '.join(repr(str(one)) for one in OrderStatus)})", name="status"),
        CheckConstraint("(status = 'pending') = (resume_at IS NOT NULL)", name="pending_has_time"),
        CheckConstraint("(currency IS NULL) = (total_price_minor IS NULL)", name="total_has_currency"),
        CheckConstraint(
            "total_price_minor IS NOT NULL OR status NOT IN ('confirmed', 'fulfilled')", name="total_when_confirmed"
        ),
        Index("ix_orders_user_id_id", "user_id", "id"),
        Index("ix_orders_status_id", "status", "id"),
        Index("ix_orders_resume_at", "resume_at", postgresql_where=text("status = 'pending'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID]
    status: Mapped[str] = mapped_column(String(16), default=OrderStatus.PENDING)
    cause: Mapped[str] = mapped_column(String(32), default="placed")
    """Why it has this status; a code."""
    currency: Mapped[str | None] = mapped_column(String(3))
    total_price_minor: Mapped[int | None] = mapped_column(BigInteger)
    resume_at: Mapped[datetime | None]
    """When another worker may resume its saga; set while the order is pending."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    lines: Mapped[list["OrderLine"]] = relationship(lazy="selectin", order_by="OrderLine.position")

    @property
    def total_price(self) -> Decimal | None:
        """The total price in the API's form; None until the order is confirmed."""
        return None if self.total_price_minor is None else from_minor(self.total_price_minor)


class OrderLine(Base):
    """Units of one product; name and price are known once the order is confirmed."""

    __tablename__ = "order_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index("uq_order_lines_product", "order_id", "product_id", unique=True),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey(Order.id), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[UUID]
    quantity: Mapped[int]
    name: Mapped[str | None] = mapped_column(String(200))
    unit_price_minor: Mapped[int | None] = mapped_column(BigInteger)
    refusal: Mapped[str | None] = mapped_column(String(32))
    """Why the order was rejected for this line; a code."""
    refusal_detail: Mapped[str | None] = mapped_column(String(MOST_DETAIL))
    """The refusal in words, from the product service."""

    @property
    def unit_price(self) -> Decimal | None:
        """The price of one unit in the API's form; None until the order is confirmed."""
        return None if self.unit_price_minor is None else from_minor(self.unit_price_minor)


class OrderTransition(Base):
    """A status of an order, with time and cause. No status occurs twice."""

    __tablename__ = "order_transitions"
    __table_args__ = (Index("ix_order_transitions_at", "at"),)

    order_id: Mapped[UUID] = mapped_column(ForeignKey(Order.id), primary_key=True)
    status: Mapped[str] = mapped_column(String(16), primary_key=True)
    cause: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
