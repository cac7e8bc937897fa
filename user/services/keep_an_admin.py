"""Making sure that an active admin remains."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from user.errors import LastAdmin
from user.models import User


async def keep_an_admin(session: AsyncSession, leaving: UUID) -> None:
    """
    Lock all active admins until the end of the transaction, in which one of them may be removed.

    Two concurrent removals wait for each other here: the second one finds the last admin.

    Raises:
        LastAdmin: There is no other admin (409).
    """
    query = select(User.id).where(User.role == "admin", User.is_active).order_by(User.id).with_for_update()
    if (await session.scalars(query)).all() == [leaving]:
        raise LastAdmin
