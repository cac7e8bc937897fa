"""Listing one's own orders."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from chassis.pagination import PageRequest, Slice
from order.models import Order


async def list_orders(session: AsyncSession, user: Identity, page: PageRequest) -> Slice[Order]:
    """Give one page of a person's orders, newest first."""
    query = select(Order).where(Order.user_id == user.user_id).order_by(Order.id.desc()).limit(page.limit + 1)
    if page.after:
        query = query.where(Order.id < page.after)
    rows = (await session.scalars(query)).all()
    return page.slice(rows, lambda order: order.id)
