"""There is always somebody who can administer the accounts."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from user.errors import LastAdmin
from user.models import User


async def keep_an_admin(session: AsyncSession, leaving: UUID) -> None:
    """
    Hold all active admins in place until the end of the transaction, in which one of them may leave.

    Two who leave at once wait for each other here: the second finds itself the last.

    Raises:
        LastAdmin: There is no other (409).
    """
    query = select(User.id).where(User.role == "admin", User.is_active).order_by(User.id).with_for_update()
    if (await session.scalars(query)).all() == [leaving]:
        raise LastAdmin
