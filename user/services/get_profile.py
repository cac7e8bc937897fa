"""Reading one's own account."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity, InvalidToken
from user.models import User


async def get_profile(session: AsyncSession, identity: Identity) -> User:
    """
    Give the account that a token speaks for.

    Raises:
        InvalidToken: The account is gone (401).
    """
    user = await session.get(User, identity.user_id)
    if user is None:
        raise InvalidToken
    return user
