"""Listing orders."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.web.listing import list_by_ids, list_newest
from chassis.web.pagination import PageRequest, Slice
from order.models import Order
from order.schemas import OrderFilter


async def list_orders(session: AsyncSession, page: PageRequest, only: OrderFilter) -> Slice[Order]:
    """Return one page of the orders that match the filter, newest first, or those of the person that it names."""
    query = select(Order)
    if only.user_id:
        query = query.where(Order.user_id == only.user_id)
    if only.ids is not None:
        return await list_by_ids(session, query, Order.id, only.ids)
    if only.status:
        query = query.where(Order.status == only.status)
    return await list_newest(session, query, Order.id, page)
