"""Tables of the order service."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, MetaData, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.ids import new_id
from chassis.money import from_minor
from chassis.postgres import NAMING


class Base(DeclarativeBase):
    """The service's tables."""

    metadata = MetaData(naming_convention=NAMING)


class Order(Base):
    """What somebody bought, at the price of that moment, in minor units of the currency."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("total_price_minor = unit_price_minor * quantity", name="total_is_quantity_times_price"),
        CheckConstraint("status IN ('confirmed')", name="status"),
        Index("ix_orders_user_id_id", "user_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column()
    product_id: Mapped[UUID] = mapped_column()
    quantity: Mapped[int] = mapped_column()
    unit_price_minor: Mapped[int] = mapped_column(BigInteger)
    total_price_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    @property
    def unit_price(self) -> Decimal:
        """The price of one as the API has it."""
        return from_minor(self.unit_price_minor)

    @property
    def total_price(self) -> Decimal:
        """The price of all as the API has it."""
        return from_minor(self.total_price_minor)
