"""Listing orders."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.pagination import PageRequest, Slice
from order.models import Order
from order.schemas import OrderFilter


async def list_orders(session: AsyncSession, page: PageRequest, only: OrderFilter) -> Slice[Order]:
    """Give one page of the orders that fit the filter, newest first."""
    query = select(Order).order_by(Order.id.desc()).limit(page.limit + 1)
    if page.after:
        query = query.where(Order.id < page.after)
    if only.user_id:
        query = query.where(Order.user_id == only.user_id)
    if only.status:
        query = query.where(Order.status == only.status)
    rows = (await session.scalars(query)).all()
    return page.slice(rows, lambda order: order.id)
