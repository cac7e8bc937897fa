"""Tables of the product service."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    String,
    and_,
    func,
    literal_column,
    or_,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from chassis.core.money import from_minor
from chassis.core.types import new_id
from chassis.postgres.tables import NAMING

MAX_STOCK = 1_000_000_000
"""The largest number of units of one product, including those that orders hold."""


class Base(DeclarativeBase):
    """The service's tables."""

    metadata = MetaData(naming_convention=NAMING)


class Product(Base):
    """
    A product, with its price in minor units of its currency.

    ``stock`` is what is available: the sum of the product's movements, and changed only with them (``move_stock``).
    ``held`` is what open reservations have taken and may still return; the bound applies to both together.
    ``version`` and ``updated_at`` change with edits of the catalogue, but not with sales.
    """

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("price_minor >= 0", name="price_not_negative"),
        CheckConstraint("stock >= 0", name="stock_not_negative"),
        CheckConstraint(f"stock + held <= {MAX_STOCK}", name="stock_within_bound"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(String(5000), server_default="")
    price_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    stock: Mapped[int] = mapped_column(BigInteger)
    held: Mapped[int] = mapped_column(BigInteger, server_default="0")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @property
    def price(self) -> Decimal:
        """The price in the API's form."""
        return from_minor(self.price_minor)

    @property
    def etag(self) -> str:
        """Its entity tag, which changes with everything that readers see, including the stock."""
        return f"{self.version}-{self.stock}"


IN_CATALOGUE = Product.deleted_at.is_(None)
SIMPLE = text("'simple'::regconfig")
"""Words in lower case, otherwise unchanged: no language's endings are removed."""
NAME_WORDS = func.to_tsvector(SIMPLE, Product.name)

Index("ix_products_price", Product.price_minor, Product.id, postgresql_where=IN_CATALOGUE)
Index("ix_products_name", Product.name, Product.id, postgresql_where=IN_CATALOGUE)
Index("ix_products_name_words", NAME_WORDS, postgresql_using="gin", postgresql_where=IN_CATALOGUE)


class MovementKind(StrEnum):
    """The reason for a change of stock."""

    INITIAL = "initial"
    ADJUSTMENT = "adjustment"
    RESERVATION = "reservation"
    RELEASE = "release"
    """Returned before the order was confirmed."""
    EXPIRY = "expiry"
    """Returned because the reservation was not committed in time."""
    RETURN = "return"
    """Returned after the order was confirmed."""


class StockMovement(Base):
    """A line of the ledger: the number of units (negative when they leave), why, and by whom. Never changed."""

    __tablename__ = "stock_movements"
    __table_args__ = (
        CheckConstraint("quantity <> 0", name="quantity_not_zero"),
        CheckConstraint(
            "CASE WHEN kind = 'adjustment' THEN order_id IS NULL"
            " WHEN kind = 'initial' THEN order_id IS NULL AND quantity > 0"
            " WHEN kind = 'reservation' THEN order_id IS NOT NULL AND quantity < 0"
            " WHEN kind IN ('release', 'expiry', 'return') THEN order_id IS NOT NULL AND quantity > 0"
            " ELSE false END",
            name="kind",
        ),
        Index("ix_stock_movements_product_id_id", "product_id", "id"),
        # Ensures that an order takes its units once and returns them once.
        Index(
            "uq_stock_movements_order_id_product_id_direction",
            "order_id",
            "product_id",
            literal_column("(quantity < 0)"),
            unique=True,
            postgresql_where=literal_column("order_id IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    product_id: Mapped[UUID] = mapped_column(ForeignKey(Product.id))
    quantity: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(16))
    order_id: Mapped[UUID | None] = mapped_column()
    reason: Mapped[str | None] = mapped_column(String(200))
    actor: Mapped[UUID | None] = mapped_column()
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class ReservationState(StrEnum):
    """The state of a reservation."""

    RESERVED = "reserved"
    COMMITTED = "committed"
    RELEASED = "released"
    EXPIRED = "expired"
    FULFILLED = "fulfilled"
    """The units were shipped; a release returns none of them."""


class Reservation(Base):
    """
    The units that an order has taken out of the stock.

    A reservation that was released before it was created has no lines: a tombstone, by which a late reserve call fails.
    """

    __tablename__ = "reservations"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(str(one)) for one in ReservationState)})", name="state"),
    )

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    lines: Mapped[list["ReservationLine"]] = relationship(lazy="selectin", order_by="ReservationLine.product_id")

    @property
    def currency(self) -> str | None:
        """The common currency of all lines."""
        return self.lines[0].currency if self.lines else None


class ReservationLine(Base):
    """Units of one product, at its price and name at the time of the reservation."""

    __tablename__ = "reservation_lines"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)

    order_id: Mapped[UUID] = mapped_column(ForeignKey(Reservation.order_id, ondelete="CASCADE"), primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey(Product.id), primary_key=True)
    quantity: Mapped[int] = mapped_column()
    unit_price_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    name: Mapped[str] = mapped_column(String(200))

    @property
    def unit_price(self) -> Decimal:
        """The price of one unit in the API's form."""
        return from_minor(self.unit_price_minor)


IS_RESERVED = Reservation.state == ReservationState.RESERVED
IS_HELD = or_(Reservation.state == ReservationState.COMMITTED, and_(IS_RESERVED, Reservation.expires_at > func.now()))
"""The units belong to the order: it is committed, or may still be. The clock is the database's."""

IS_CLOSED = text("state IN ('released', 'expired', 'fulfilled')")
"""The reservation is finished. Literally the condition of its index."""

Index("ix_reservations_expires_at", Reservation.expires_at, postgresql_where=IS_RESERVED)
Index("ix_reservations_closed", Reservation.expires_at, postgresql_where=IS_CLOSED)
