"""Reserving what an order wants, step by step."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.errors import AppError, FieldError
from product.errors import InsufficientStock, MixedCurrencies, ReservationClosed, ReservationDiffers, UnknownProducts
from product.models import (
    IS_HELD,
    MovementKind,
    Product,
    Reservation,
    ReservationLine,
    ReservationState,
    StockMovement,
)
from product.schemas import ReservationCreate
from product.services.lock_products import lock_products
from product.services.move_stock import move_stock


async def reserve_scarce_stock(session: AsyncSession, wanted: ReservationCreate, seconds: int) -> Reservation:
    """
    Reserve as ``reserve_stock`` says, where little is left, something is wrong, or the order comes again.

    Raises:
        AppError: Each refusal that ``reserve_stock`` names.
    """
    begun = await _begin(session, wanted.order_id, seconds)
    if begun is None:
        return await _repeat(session, wanted)
    quantities = {item.product_id: item.quantity for item in wanted.items}
    products = await _lock(session, wanted)
    if short := [product.id for product in products if product.stock < quantities[product.id]]:
        raise _naming(InsufficientStock, wanted, short)
    lines = [_line(wanted.order_id, product, quantities[product.id]) for product in products]
    session.add_all(lines)  # entered together with the movements
    await move_stock(session, [_movement(wanted.order_id, *one) for one in quantities.items()])
    return Reservation(**begun, lines=lines)


async def _begin(session: AsyncSession, order_id: UUID, seconds: int) -> dict[str, Any] | None:
    """Enter the reservation, unless the order has one; of two at once the second waits until the first is decided."""
    reservation = insert(Reservation).values(
        order_id=order_id, state=ReservationState.RESERVED, expires_at=func.now() + timedelta(seconds=seconds)
    )
    begun = reservation.on_conflict_do_nothing().returning(*Reservation.__table__.columns)
    row = (await session.execute(begun)).mappings().one_or_none()
    return dict(row) if row else None


async def _repeat(session: AsyncSession, wanted: ReservationCreate) -> Reservation:
    held = await session.scalar(select(Reservation).where(Reservation.order_id == wanted.order_id, IS_HELD))
    if held is None:
        raise ReservationClosed
    if {line.product_id: line.quantity for line in held.lines} != {
        item.product_id: item.quantity for item in wanted.items
    }:
        raise ReservationDiffers
    return held


async def _lock(session: AsyncSession, wanted: ReservationCreate) -> Sequence[Product]:
    product_ids = {item.product_id for item in wanted.items}
    products = [product for product in await lock_products(session, product_ids) if not product.deleted_at]
    if unknown := product_ids - {product.id for product in products}:
        raise _naming(UnknownProducts, wanted, unknown)
    if len({product.currency for product in products}) > 1:
        raise MixedCurrencies
    return products


def _naming(refusal: type[AppError], wanted: ReservationCreate, product_ids: Collection[UUID]) -> AppError:
    """Make a refusal that names every item with one of these products."""
    errors = [
        FieldError(location="body", pointer=f"/items/{index}/product_id", code=refusal.code, detail=refusal.message)
        for index, item in enumerate(wanted.items)
        if item.product_id in product_ids
    ]
    return refusal(f"{refusal.message} ({', '.join(map(str, sorted(product_ids)))})", errors=errors)


def _movement(order_id: UUID, product_id: UUID, quantity: int) -> StockMovement:
    return StockMovement(product_id=product_id, quantity=-quantity, kind=MovementKind.RESERVATION, order_id=order_id)


def _line(order_id: UUID, product: Product, quantity: int) -> ReservationLine:
    return ReservationLine(
        order_id=order_id,
        product_id=product.id,
        quantity=quantity,
        unit_price_minor=product.price_minor,
        currency=product.currency,
        name=product.name,
    )
