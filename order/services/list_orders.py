"""Listing orders."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.web.listing import list_newest
from chassis.web.pagination import PageRequest, Slice
from order.models import Order
from order.schemas import OrderFilter


async def list_orders(session: AsyncSession, page: PageRequest, only: OrderFilter) -> Slice[Order]:
    """Return one page of the orders that match the filter, newest first."""
    query = select(Order)
    if only.user_id:
        query = query.where(Order.user_id == only.user_id)
    if only.status:
        query = query.where(Order.status == only.status)
    return await list_newest(session, query, Order.id, page)
